from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llamadash.rulers import GIB, MIB, byte_ticks, percent


def test_a_ruler_of_gib_has_labels_at_whole_steps_and_its_unit_on_the_last() -> None:
    labels = [(tick.x, tick.label) for tick in byte_ticks(24 * GIB) if tick.label]
    assert labels[:2] == [("0", "0"), ("16.667", "4")]
    assert labels[-1] == ("100", "24 GiB")


def test_a_small_ruler_is_in_mib() -> None:
    assert byte_ticks(512 * MIB)[-1].label == "512 MiB"


def test_a_label_at_the_end_is_written_before_it() -> None:
    assert byte_ticks(24 * GIB)[-1].anchor == "end"


@given(st.floats(-1e18, 1e18), st.floats(-1e18, 1e18))
def test_nothing_is_drawn_outside(part: float, whole: float) -> None:
    assert 0 <= float(percent(part, whole)) <= 100


@given(st.integers(1, 1 << 50))
def test_any_size_has_a_readable_number_of_ticks(end_bytes: int) -> None:
    ticks = byte_ticks(end_bytes)
    assert 1 <= len(ticks) <= 40
    assert sum(bool(tick.label) for tick in ticks) <= 10
