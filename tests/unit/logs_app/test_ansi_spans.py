from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from logs_app.core.ansi import spans, stripped

CLASSES = {"", "bold", *(f"a{letter}" for letter in "krgybmcw")}
ESCAPES = st.sampled_from(
    [
        *("\x1b[31m", "\x1b[0m", "\x1b[1;32m", "\x1b[38;5;9m", "\x1b[;;m"),
        *("\x1b[2J", "\x1b]8;;x\x07", "\x1bc", "\x1b", "\x1b[", "<script>", "m", "1"),
    ]
)


@given(st.lists(st.one_of(st.text(), ESCAPES)).map("".join))
def test_no_escape_is_left_and_nothing_of_a_line_becomes_a_class(line: str) -> None:
    found = spans(line)
    assert "".join(span.text for span in found) == stripped(line)
    assert "\x1b" not in stripped(line)
    assert {word for span in found for word in span.classes.split()} <= CLASSES


def test_colours_become_classes_until_they_are_taken_back() -> None:
    assert spans("a\x1b[1;31mb\x1b[0mc\x1b[92md") == [
        ("a", ""),
        ("b", "ar bold"),
        ("c", ""),
        ("d", "ag"),
    ]


def test_colours_of_256_are_left_out_with_their_numbers() -> None:
    assert spans("\x1b[38;5;31mx\x1b[38;2;1;31;1my") == [("x", ""), ("y", "")]


def test_a_screen_is_not_cleared_and_no_title_is_set() -> None:
    assert stripped("\x1b[2J\x1b]0;title\x07text\x1b[?25l") == "text"
