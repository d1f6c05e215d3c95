from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import time_machine
from django.template import Context, Template

NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def drawn(template: str, **values: object) -> str:
    return Template(template).render(Context(values))


def test_a_moment_is_written_in_utc_for_machines_and_people() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))
    assert drawn("{{ at|moment }}", at=berlin) == (
        '<time datetime="2026-11-24T12:00:00Z" title="2026-11-24 12:00:00 UTC">'
        "2026-11-24 12:00 UTC</time>"
    )


def test_a_moment_that_never_was_says_why() -> None:
    text = drawn("{{ at|moment:why }}", at=None, why="it <waits>")
    assert text == '<span title="it &lt;waits&gt;">-</span>'


def test_an_age_is_relative_and_marked_for_the_browser() -> None:
    with time_machine.travel(NOON + timedelta(minutes=3, seconds=20), tick=False):
        text = drawn("{{ at|ago }}", at=NOON)
    assert ">3 min 20 s ago</time>" in text
    assert " data-ago" in text


def test_a_clock_that_ran_ahead_gives_no_negative_age() -> None:
    with time_machine.travel(NOON - timedelta(seconds=3), tick=False):
        assert ">0 s ago<" in drawn("{{ at|ago }}", at=NOON)


def test_an_exact_size_is_in_the_title() -> None:
    text = drawn("{{ n|size_exact }}", n=4_920_739_232)
    assert text == '<data value="4920739232" title="4,920,739,232 bytes">4.6 GiB</data>'


def test_an_unknown_value_says_why() -> None:
    text = drawn('{{ value|known:"the file does not say" }}', value=None)
    assert text == '<span title="the file does not say">-</span>'


def test_a_known_value_is_escaped() -> None:
    assert drawn("{{ value|known }}", value="<b>") == "&lt;b&gt;"


def test_zero_is_known() -> None:
    assert drawn("{{ value|known }}", value=0) == "0"
