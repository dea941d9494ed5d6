"""Which samples of a block are covered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vivavoce.transport.cover import Cover, merged, within

STRETCHES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda one: (one[0] / 4, (one[0] + one[1]) / 4)),
    max_size=8,
)


@given(STRETCHES, st.integers(1, 7))
def test_every_sample_of_a_stretch_is_covered_in_whatever_blocks(
    stretches: list[tuple[float, float]], block: int
) -> None:
    rate, length = 8, 8 * 21
    covered = {
        start + sample
        for start in range(0, length, block)
        for first, end in within(merged(stretches), start, block, rate=rate)
        for sample in range(first, end)
    }
    said = {
        sample
        for sample in range(length)
        if any(start <= sample / rate <= end for start, end in stretches if start < end)
    }
    assert said == {sample for sample in covered if sample < length}


def test_stretches_that_touch_are_one_and_empty_ones_none() -> None:
    how = Cover(tones=((4.0, 5.0), (1.0, 2.0), (2.0, 3.0), (7.0, 7.0)))
    assert how.tones == ((1.0, 3.0), (4.0, 5.0))
    assert Cover.model_validate_json(how.model_dump_json()) == how
