from __future__ import annotations

import time

import pytest

from logs_app import history, regex
from logs_app.history import Filter
from logs_app.regex import RegexBusy, RegexError
from tests.logs import llama, pumped

pytestmark = pytest.mark.django_db
ENGINE = "engine.7"


@pytest.fixture(autouse=True)
def some_lines() -> None:
    pumped(ENGINE, b"".join(llama(f"task {n}", "W" if n % 10 == 0 else "I") for n in range(100)))


def search(pattern: str, level: str = "", limit: int = 100) -> list[str]:
    found = history.before(ENGINE, Filter(level, pattern, is_regex=True), None, limit)
    return [line.text.removeprefix("0.00.001.695 ") for line in found.lines]


def test_an_expression_finds_lines_in_any_case() -> None:
    assert search(r"TASK [78]5$") == ["I srv  task 75", "I srv  task 85"]


def test_the_level_counts_too() -> None:
    assert search(r"task [78]", "W") == ["W srv  task 70", "W srv  task 80"]


def test_it_sees_the_text_and_not_how_it_is_stored() -> None:
    assert len(search(r"^0\.00\.001\.695 I")) == 90
    assert search(r"^\d{13}") == []


def test_pages_go_on_where_the_last_ended() -> None:
    wanted = Filter("", r"task \d$", is_regex=True)
    first = history.before(ENGINE, wanted, None, 6)
    second = history.before(ENGINE, wanted, first.lines[0].place, 6)
    assert [line.text[-1] for line in second.lines + first.lines] == list("0123456789")
    assert second.is_end


@pytest.mark.parametrize("pattern", ["(", "a**", "(?P<x", "[", "\\"])
def test_what_is_no_expression_is_said(pattern: str) -> None:
    with pytest.raises(RegexError, match="cannot be read"):
        search(pattern)


def test_an_expression_that_takes_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regex, "_START_SECONDS", 1.0)
    pumped(ENGINE, b"a" * 60 + b"!\n")
    started = time.monotonic()
    with pytest.raises(RegexError, match="make it simpler"):
        regex.search(
            history.stored_files(ENGINE), "(a|a)+$", "",
            is_before=True, place=None, limit=10, seconds=0.5,
        )  # fmt: skip
    assert time.monotonic() - started < 60
    assert search("task 7$") == ["I srv  task 7"]


def test_only_some_run_at_once() -> None:
    taken = [regex._places.acquire(blocking=False) for _ in range(regex.MOST_AT_ONCE)]
    try:
        with pytest.raises(RegexBusy):
            search("a")
    finally:
        for _ in filter(None, taken):
            regex._places.release()
    assert search("task 7$")
