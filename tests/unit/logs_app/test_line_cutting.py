from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs_app.core.lines import MOST_LINE_BYTES, LineCutter

PIECES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([b"\n", b"\r", b"\r\n", b"\x1b[31m", b"\0", "é€".encode(), b"\xff"]),
        st.integers(MOST_LINE_BYTES - 2, MOST_LINE_BYTES + 2).map(lambda n: b"x" * n),
    ),
    max_size=12,
).map(b"".join)


def cut(*pieces: bytes) -> list[str]:
    cutter = LineCutter()
    lines = [line for piece in pieces for line in cutter.feed(piece)]
    return lines + cutter.flush()


@given(PIECES, st.lists(st.integers(0, 40_000), max_size=6))
def test_the_same_lines_come_out_however_the_bytes_come_in(data: bytes, at: list[int]) -> None:
    ends = sorted({0, len(data), *(each % (len(data) + 1) for each in at)})
    assert cut(*(data[start:end] for start, end in pairwise(ends))) == cut(data)


@given(PIECES)
def test_a_line_is_one_line_without_what_steers_a_terminal_or_turns_text_round(data: bytes) -> None:
    for line in cut(data):
        assert len(line.splitlines()) <= 1
        assert not set(line) & set("\0\r\n\x07\x08\u2028\u202e\u2066\x9b")
        assert len(line.encode()) <= 3 * MOST_LINE_BYTES + 60


@given(PIECES)
def test_the_number_of_lines_is_that_of_line_ends(data: bytes) -> None:
    assert len(LineCutter().feed(data)) == data.count(b"\n")


@given(PIECES)
def test_what_is_pending_begins_after_the_last_line_end(data: bytes) -> None:
    cutter = LineCutter()
    cutter.feed(data)
    assert cutter.pending_bytes == len(data) - (data.rfind(b"\n") + 1)


def test_a_line_of_10_mb_is_cut_and_says_how_long_it_was() -> None:
    data = b"x" * 10_000_000
    cutter = LineCutter()
    for at in range(0, len(data), 65_536):
        assert cutter.feed(data[at : at + 65_536]) == []
    [line] = cutter.feed(b"\n")
    assert line.startswith("x" * MOST_LINE_BYTES + " ...")
    assert "10,000,000 bytes" in line


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"10 %\r20 %\r100 %\n", ["100 %"]),
        (b"10 %\r\n", ["10 %"]),
        (b"10 %\r\r\n20 %\n", ["10 %", "20 %"]),
        (b"\n\na\n", ["", "", "a"]),
        (b"a\0b\xff\n", ["a\ufffdb\ufffd"]),
        (b"\x1b[31mred\x1b[0m\ttab\n", ["\x1b[31mred\x1b[0m\ttab"]),
        ("ä\u202eevil\n".encode(), ["ä\ufffdevil"]),
    ],
)
def test_what_a_program_prints_is_read_as(data: bytes, lines: list[str]) -> None:
    assert cut(data) == lines


def test_a_progress_bar_that_never_ends_its_line_takes_no_memory() -> None:
    cutter = LineCutter()
    for percent in range(100_000):
        cutter.feed(b"\r%d of 100000" % percent)
    assert cutter.flush() == ["99999 of 100000"]
