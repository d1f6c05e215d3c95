from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from metrics_app.core.rates import LONGEST_SECONDS, Rates


def test_the_first_reading_is_unknown() -> None:
    assert Rates[str]().update({"eth0": 10}, 5.0) == {"eth0": None}


def test_a_rate_is_per_second_that_passed() -> None:
    rates: Rates[str] = Rates()
    rates.update({"eth0": 100}, 10.0)
    assert rates.update({"eth0": 400}, 12.0) == {"eth0": 150.0}


def test_a_counter_that_was_reset_is_unknown_and_not_negative() -> None:
    rates: Rates[str] = Rates()
    rates.update({"eth0": 100}, 10.0)
    assert rates.update({"eth0": 3}, 11.0) == {"eth0": None}
    assert rates.update({"eth0": 5}, 12.0) == {"eth0": 2.0}


def test_a_new_counter_is_unknown_beside_known_ones() -> None:
    rates: Rates[str] = Rates()
    rates.update({"a": 0}, 10.0)
    assert rates.update({"a": 1, "b": 900}, 11.0) == {"a": 1.0, "b": None}


def test_a_counter_that_was_gone_begins_anew() -> None:
    rates: Rates[str] = Rates()
    rates.update({"a": 0}, 10.0)
    rates.update({}, 11.0)
    assert rates.update({"a": 500}, 12.0) == {"a": None}


def test_after_a_long_break_there_is_no_average_over_it() -> None:
    rates: Rates[str] = Rates()
    rates.update({"a": 0}, 10.0)
    assert rates.update({"a": 600}, 10.0 + LONGEST_SECONDS + 1) == {"a": None}


def test_no_time_passed_is_unknown() -> None:
    rates: Rates[str] = Rates()
    rates.update({"a": 0}, 10.0)
    assert rates.update({"a": 600}, 10.0) == {"a": None}


counters = st.dictionaries(st.sampled_from("abc"), st.floats(0, 1e18), max_size=3)
moments = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(counters, moments), max_size=5))
def test_no_rate_is_ever_negative(readings: list[tuple[dict[str, float], float]]) -> None:
    rates: Rates[str] = Rates()
    for found, monotonic in readings:
        values = rates.update(found, monotonic)
        assert values.keys() == found.keys()
        assert all(rate is None or rate >= 0 for rate in values.values())
