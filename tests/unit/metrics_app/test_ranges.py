from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_app.pages.ranges import RANGES, RangeError, moment, read, step_words

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()
HOUR = 3600


def problems(**given: str) -> dict[str, str]:
    with pytest.raises(RangeError) as caught:
        read(given, NOW)
    return caught.value.problems


def test_without_a_word_it_is_the_last_hour() -> None:
    found = read({}, NOW)
    assert (found.start, found.end, found.key) == (NOW - HOUR, NOW, "1h")


@pytest.mark.parametrize("key", RANGES)
def test_a_named_range_ends_now_and_follows_it(key: str) -> None:
    found = read({"range": key}, NOW)
    assert found.end == NOW and found.follows
    assert found.address == f"range={key}"


@pytest.mark.parametrize(
    "text",
    ["2026-03-01T10:00", "2026-03-01T10:00:00Z", "2026-03-01T11:00+01:00", str(NOW - 2 * HOUR)],
)
def test_a_moment_may_be_iso_or_unix_and_is_utc_without_a_zone(text: str) -> None:
    assert moment(text) == NOW - 2 * HOUR


def test_a_range_without_an_end_ends_now_but_does_not_follow() -> None:
    found = read({"start": "2026-03-01T10:00"}, NOW)
    assert (found.end, found.follows) == (NOW, False)


def test_its_address_asks_for_it_again() -> None:
    found = read({"start": str(NOW - 10.5), "end": str(NOW)}, NOW)
    assert found.address == f"start={NOW - 10.5}&end={NOW:.0f}"


@pytest.mark.parametrize(
    ("given", "where", "says"),
    [
        ({"range": "1 fortnight"}, "range", "Give one of 5m"),
        ({"start": "yesterday"}, "start", "“yesterday” is no time"),
        ({"end": "2026-03-01T10:00"}, "start", "Give a time like"),
        ({"start": "1e9"}, "start", "is no time"),
        ({"start": "nan"}, "start", "is no time"),
        ({"start": "9999-12-31T23:59"}, "start", "between the years 2000 and 2200"),
        ({"start": "5", "end": "4"}, "start", "between the years 2000 and 2200"),
        ({"start": str(NOW), "end": str(NOW - 60)}, "end", "later than the start"),
        ({"start": str(NOW - 60), "end": str(NOW - 59)}, "end", "at least 10 seconds"),
        ({"start": "2003-01-01"}, "start", "ten years at most"),
        ({"start": str(NOW + 60), "end": str(NOW + 120)}, "start", "still to come"),
    ],
)
def test_a_wrong_range_says_what_is_wrong_and_where(
    given: dict[str, str], where: str, says: str
) -> None:
    assert says in problems(**given)[where]


def test_both_ends_can_be_wrong_at_once() -> None:
    assert set(problems(start="a", end="b")) == {"start", "end"}


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_a_range_or_a_reason(start: str, end: str, key: str) -> None:
    try:
        found = read({"start": start, "end": end, "range": key}, NOW)
    except RangeError as error:
        assert error.problems
    else:
        assert found.start < found.end


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(15, "15 s"), (60, "1 min"), (90, "90 s"), (7200, "2 h"), (86_400, "1 d")],
)
def test_a_step_is_named_in_its_largest_whole_unit(seconds: int, words: str) -> None:
    assert step_words(seconds) == words
