from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from metrics_app.core.cpu import UNKNOWN, CpuRatios, CpuTimes, CpuUse

NOTHING = CpuTimes()


def test_the_first_reading_tells_nothing() -> None:
    assert CpuUse().update([CpuTimes(user=5000, idle=5000)]) == (UNKNOWN, [None])


def test_all_kinds_of_time_count() -> None:
    use = CpuUse()
    use.update([NOTHING])
    times = CpuTimes(user=10, nice=20, system=5, idle=30, iowait=10, irq=3, softirq=2, steal=20)
    whole, cores = use.update([times])
    assert whole == CpuRatios(busy=0.6, user=0.3, system=0.1, iowait=0.1, steal=0.2)
    assert cores == [0.6]


def test_the_whole_is_that_of_all_cores() -> None:
    use = CpuUse()
    use.update([NOTHING, NOTHING])
    whole, cores = use.update([CpuTimes(user=1), CpuTimes(idle=3)])
    assert (whole.busy, cores) == (0.25, [1.0, 0.0])


def test_only_what_passed_since_the_last_reading_counts() -> None:
    use = CpuUse()
    use.update([CpuTimes(user=1000, idle=10)])
    assert use.update([CpuTimes(user=1000, idle=11)])[1] == [0.0]


def test_a_counter_that_goes_back_makes_its_core_unknown_for_once() -> None:
    use = CpuUse()
    use.update([CpuTimes(user=50), CpuTimes(user=50)])
    whole, cores = use.update([CpuTimes(user=1, idle=60), CpuTimes(user=51, idle=1)])
    assert (whole.busy, cores) == (0.5, [None, 0.5])
    assert use.update([CpuTimes(user=2, idle=60), CpuTimes(user=51, idle=2)])[1] == [1.0, 0.0]


def test_waiting_for_disks_may_shrink_a_little() -> None:
    use = CpuUse()
    use.update([CpuTimes(iowait=5)])
    assert use.update([CpuTimes(iowait=4.99, user=1)])[1] == [1.0]


def test_a_core_that_comes_or_goes_makes_all_unknown_for_once() -> None:
    use = CpuUse()
    use.update([CpuTimes(user=1)])
    assert use.update([CpuTimes(user=2), CpuTimes(user=9)]) == (UNKNOWN, [None, None])
    assert use.update([CpuTimes(user=3), CpuTimes(idle=1, user=9)])[1] == [1.0, 0.0]


def test_two_readings_of_the_same_moment_tell_nothing() -> None:
    use = CpuUse()
    use.update([CpuTimes(user=1)])
    assert use.update([CpuTimes(user=1)]) == (UNKNOWN, [None])


def test_a_machine_that_tells_nothing_is_unknown() -> None:
    use = CpuUse()
    use.update([])
    assert use.update([]) == (UNKNOWN, [])


seconds = st.floats(0, 1e9, allow_nan=False)
core = st.builds(CpuTimes, *[seconds] * 8)


@given(st.lists(st.lists(core, max_size=4), min_size=2, max_size=4))
def test_shares_are_between_0_and_1_or_unknown(readings: list[list[CpuTimes]]) -> None:
    use = CpuUse()
    for cores in readings:
        whole, each = use.update(cores)
        assert len(each) == len(cores)
        assert all(ratio is None or 0 <= ratio <= 1 for ratio in (*whole, *each))
