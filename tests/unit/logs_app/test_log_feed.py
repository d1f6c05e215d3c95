from __future__ import annotations

from logs_app.core import records
from logs_app.core.batch import Batch
from logs_app.feed import EVERY_SECONDS, MOST_A_SECOND, MOST_CHARACTERS, Feed

AT = 1790000000123


class Watchers:
    def __init__(self, *topics: str) -> None:
        self.topics = topics
        self.told: list[tuple[str, list[list[object]], float]] = []
        self.feed = Feed(lambda *frame: self.told.append(frame), lambda topic: topic in topics)


def batch(*texts: str) -> Batch:
    found = Batch(AT, ["I "] * len(texts), list(texts))
    found.stored_at(records.place(1, 0))
    return found


def test_lines_of_a_quarter_of_a_second_come_together() -> None:
    watchers = Watchers("logs.engine.7")
    watchers.feed.flush(100.0)
    watchers.feed.add("engine.7", batch("a"))
    watchers.feed.add("engine.7", batch("b"))
    watchers.feed.flush(100.1)
    assert watchers.told == []
    watchers.feed.flush(100.0 + EVERY_SECONDS)
    [(topic, rows, _)] = watchers.told
    assert topic == "logs.engine.7"
    assert rows == [[1 << 32, "I ", "a", AT], [1 << 32, "I ", "b", AT]]


def test_what_nobody_watches_is_not_kept() -> None:
    watchers = Watchers()
    watchers.feed.add("engine.7", batch("a"))
    watchers.feed.flush(100.0)
    assert watchers.told == []


def test_of_too_many_lines_the_newest_come_and_the_others_are_counted() -> None:
    watchers = Watchers("logs.engine.7")
    watchers.feed.flush(100.0)
    for number in range(30):
        watchers.feed.add("engine.7", batch(*(f"{number}-{n}" for n in range(100))))
    watchers.feed.flush(100.5)
    [(_, rows, _)] = watchers.told
    assert len(rows) == MOST_A_SECOND // 2 + 1
    assert rows[0][1:3] == ["-!", str(3000 - MOST_A_SECOND // 2)]
    assert rows[-1][2] == "29-99"


def test_a_long_line_is_shortened_for_the_browser() -> None:
    watchers = Watchers("logs.engine.7")
    watchers.feed.add("engine.7", batch("x" * 8000))
    watchers.feed.flush(100.0)
    [(_, rows, _)] = watchers.told
    assert rows[0][2] == "x" * MOST_CHARACTERS + " ..."
