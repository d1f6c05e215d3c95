from __future__ import annotations

from logs_app.core.batch import Batch
from logs_app.memory import MOST_BYTES, MOST_LINES, Newest


def batch(first: int, n: int, size: int = 10) -> Batch:
    texts = [f"{number:0{size}d}" for number in range(first, first + n)]
    return Batch(0, ["I "] * n, texts)


def test_the_newest_lines_are_there_over_the_ends_of_batches() -> None:
    newest = Newest()
    newest.add(batch(0, 3))
    newest.add(batch(3, 2))
    assert [int(line.text) for line in newest.last(4)] == [1, 2, 3, 4]
    assert len(newest.last(100)) == 5


def test_it_holds_some_thousand_lines_and_not_all() -> None:
    newest = Newest()
    for number in range(100):
        newest.add(batch(number * 500, 500))
    lines = newest.last(1_000_000)
    assert MOST_LINES <= len(lines) < MOST_LINES + 500
    assert int(lines[-1].text) == 49_999


def test_long_lines_do_not_take_more_memory() -> None:
    newest = Newest()
    for number in range(100):
        newest.add(batch(number * 20, 20, size=8000))
    assert sum(len(line.text) for line in newest.last(MOST_LINES)) < MOST_BYTES + 200_000
