"""Money: whole micro-dollars. Amounts are added as integers, so a sum is right to the last digit in any order."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

MICRO = 1_000_000
"""Micro-dollars in a dollar. A token of the cheapest models costs 0.02 of one, a request some hundreds."""

CENT = MICRO // 100


def micro(usd: Decimal) -> int:
    """Dollars as micro-dollars, to the nearest one."""
    return int((usd * MICRO).to_integral_value(ROUND_HALF_EVEN))


def dollars(amount: int) -> Decimal:
    """Micro-dollars as dollars, exactly."""
    return Decimal(amount) / MICRO


def cents(amount: int) -> int:
    """An amount of micro-dollars in cents, the half up."""
    return (2 * amount + CENT) // (2 * CENT)


def shares_in_cents(amounts: Sequence[int]) -> list[int]:
    """Amounts in cents that add up to the cents of their sum, each within a cent of its own amount.

    The largest remainders get the cents that rounding down leaves over; of equal ones the first.
    """
    whole = [amount // CENT for amount in amounts]
    missing = cents(sum(amounts)) - sum(whole)
    by_remainder = sorted(range(len(amounts)), key=lambda index: (-(amounts[index] % CENT), index))
    for index in by_remainder[:missing]:
        whole[index] += 1
    return whole


def written(amount: int) -> str:
    """An amount for people, to the cent: `$12.30`; under a cent, as exact as it is."""
    return f"${dollars(amount).normalize():f}" if 0 < amount < CENT else in_cents(cents(amount))


def in_cents(amount: int) -> str:
    """Cents for people: `$12.30`."""
    return f"${amount // 100}.{amount % 100:02d}"
