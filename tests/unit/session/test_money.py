"""Money: what is shown adds up to what is owed."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vivavoce.session.money import CENT, cents, dollars, in_cents, micro, shares_in_cents, written

amounts = st.lists(st.integers(0, 10**12), max_size=40)


@given(amounts)
def test_rows_add_up_to_the_total_each_within_a_cent_of_its_own(amounts: list[int]) -> None:
    shares = shares_in_cents(amounts)
    assert sum(shares) == cents(sum(amounts))
    assert all(abs(share * CENT - amount) <= CENT for share, amount in zip(shares, amounts, strict=True))


@given(st.integers(0, 10**15))
def test_dollars_and_micro_dollars_are_the_same_money(amount: int) -> None:
    assert micro(dollars(amount)) == amount


def test_an_amount_is_written_to_the_cent_and_a_smaller_one_as_it_is() -> None:
    assert written(micro(Decimal("12.345"))) == "$12.35"
    assert written(4_200) == "$0.0042"
    assert written(0) == "$0.00"
    assert in_cents(123_456) == "$1234.56"
