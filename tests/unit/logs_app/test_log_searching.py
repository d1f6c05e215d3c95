"""Pages in both directions agree with a look at all lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from logs_app.core import blocks, records, searching
from logs_app.core.blocks import StoredFile
from logs_app.core.levels import AT_LEAST
from logs_app.core.matching import Wanted, finder
from logs_app.core.records import Line

LINES = st.lists(
    st.tuples(
        st.sampled_from(["E ", "W ", "W+", "I ", "D ", "- ", "I*"]),
        st.sampled_from(["", "a", "needle", "NEEDLE in ÄÖ", "needleneedle", "17900000", "x" * 300]),
    ),
    max_size=40,
)
WANTED = st.builds(
    Wanted, st.sampled_from(["", "E", "W", "I"]), st.sampled_from(["", "needle", "Needle", "äö"])
)
SMALL = how(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "FIRST_BYTES", 400)
    monkeypatch.setattr(blocks, "MOST_BYTES", 700)


def write(folder: Path, lines: list[tuple[str, str]]) -> tuple[list[StoredFile], list[Line]]:
    """Seven lines a file; and all of them with their places."""
    for old in folder.glob("*.log"):
        old.unlink()
    files, found = [], []
    for first in range(0, len(lines), 7):
        file = StoredFile(first // 7 + 1, folder / f"{first // 7 + 1:06d}.log")
        data = b""
        for number, (tag, text) in enumerate(lines[first : first + 7], first):
            found.append(Line(records.place(file.number, len(data)), number, tag, text))
            data += records.encoded(number, tag, text)
        file.path.write_bytes(data)
        files.append(file)
    return files, found


def matches(line: Line, wanted: Wanted) -> bool:
    if wanted.level and line.level not in AT_LEAST[wanted.level]:
        return False
    return wanted.text.encode().lower() in line.text.encode().lower()


@SMALL
@given(LINES, WANTED, st.integers(1, 9))
def test_pages_backwards_are_all_lines_that_match(
    tmp_path: Path, lines: list[tuple[str, str]], wanted: Wanted, limit: int
) -> None:
    files, every = write(tmp_path, lines)
    found: list[Line] = []
    place = None
    while True:
        page = searching.before(files, finder(wanted), place, limit, 60)
        found[:0] = page.lines
        if page.is_end:
            break
        assert len(page.lines) == limit
        place = page.lines[0].place
    assert found == [line for line in every if matches(line, wanted)]


@SMALL
@given(LINES, WANTED, st.integers(1, 9))
def test_pages_forwards_are_all_lines_that_match(
    tmp_path: Path, lines: list[tuple[str, str]], wanted: Wanted, limit: int
) -> None:
    files, every = write(tmp_path, lines)
    found: list[Line] = []
    place = None
    while True:
        page = searching.after(files, finder(wanted), place, limit, 60)
        found += page.lines
        if page.is_end:
            break
        place = page.lines[-1].place
    assert found == [line for line in every if matches(line, wanted)]


@SMALL
@given(LINES.filter(bool), st.integers(0, 39))
def test_a_search_without_time_says_how_far_it_came_and_goes_on_from_there(
    tmp_path: Path, lines: list[tuple[str, str]], start: int
) -> None:
    files, every = write(tmp_path, lines)
    for search, place in ((searching.before, None), (searching.after, None)):
        found: list[Line] = []
        cursor: int | None = place
        for _ in range(200):
            page = search(files, finder(Wanted(text="needle")), cursor, 1000, -1)
            found += page.lines
            if page.is_end:
                break
            cursor = page.reached
        wanted = [line for line in every if "needle" in line.text.lower()]
        assert sorted(found) == wanted


@SMALL
@given(LINES, st.integers(0, 45))
def test_the_first_line_from_a_time_on_is_found(
    tmp_path: Path, lines: list[tuple[str, str]], moment: int
) -> None:
    files, every = write(tmp_path, lines)
    expected = next((line.place for line in every if line.at >= moment), None)
    assert searching.at_time(files, moment) == expected


@SMALL
@given(LINES.filter(bool), st.data())
def test_any_place_even_between_lines_gives_whole_lines(
    tmp_path: Path, lines: list[tuple[str, str]], data: st.DataObject
) -> None:
    files, every = write(tmp_path, lines)
    last = files[-1].path.stat().st_size
    place = records.place(len(files), data.draw(st.integers(0, last + 50)))
    page = searching.after(files, finder(Wanted()), place, 1000, 60)
    assert set(page.lines) <= set(every)
    assert all(line.place > place for line in page.lines)


def test_a_file_that_goes_meanwhile_has_no_lines(tmp_path: Path) -> None:
    files, every = write(tmp_path, [("I ", "a")] * 14)
    files[0].path.unlink()
    assert searching.before(files, finder(Wanted()), None, 100, 60).lines == every[7:]
    assert searching.after(files, finder(Wanted()), None, 100, 60).lines == every[7:]
