from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamadash.perf import RECENT, Monitor


def handed_over(monitor: Monitor) -> bytes:
    return "\n".join(monitor.handed_over()).encode()


def test_what_another_process_recorded_is_added() -> None:
    here, there = Monitor(), Monitor(slow_seconds=0.4)
    here.record("scan.write", 0.1)
    there.record("scan.write", 0.5, ValueError())
    there.record("scan.total", 2.0)
    here.merge(handed_over(there))
    total, write = here.summaries()
    assert (total.name, total.count, total.p50_seconds) == ("scan.total", 1, 2.0)
    assert (write.count, write.errors, write.slow) == (2, 1, 1)
    assert (write.total_seconds, write.max_seconds) == (0.6, 0.5)
    assert write.last_error == "ValueError"


def test_the_latest_calls_are_kept_in_their_order() -> None:
    here, there = Monitor(), Monitor()
    for _ in range(RECENT):
        here.record("x", 9.0, slow_seconds=99)
    for number in range(RECENT + 3):
        there.record("x", float(number), slow_seconds=9999)
    recent = json.loads(handed_over(there))["recent"]
    assert recent == [float(number) for number in range(3, RECENT + 3)]
    here.merge(handed_over(there))
    assert here.summaries()[0].p50_seconds != 9.0


GOOD = json.loads(
    '{"name": "x", "count": 1, "errors": 0, "slow": 0, '
    '"total": 1.0, "max": 1.0, "last_error": "", "recent": [1.0]}'
)


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "\x1b[2J"},
        {"name": ""},
        {"count": -1},
        {"count": True},
        {"total": float("nan")},
        {"max": float("inf")},
        {"recent": ["1"]},
        {"recent": None},
        {"last_error": "<b>"},
    ],
)
def test_a_line_that_is_not_ours_is_left_out(bad: dict[str, object]) -> None:
    monitor = Monitor()
    monitor.merge(json.dumps({**GOOD, **bad}).encode())
    assert monitor.summaries() == []


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_do_no_harm(lines: bytes) -> None:
    Monitor().merge(lines + b"\n" + b"[" * 5000)


def test_mistakes_of_callers_are_no_errors_of_the_operation() -> None:
    monitor = Monitor()
    monitor.are_answers(LookupError)
    monitor.record("x", 0.0, KeyError())
    monitor.record("x", 0.0, ValueError())
    assert monitor.summaries()[0].errors == 1
