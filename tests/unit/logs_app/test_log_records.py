from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs_app.core import records
from logs_app.core.batch import Batch
from logs_app.core.records import Line
from logs_app.core.sources import checked, is_source

TEXTS = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))


@given(TEXTS, st.sampled_from(["W ", "E+", "I*", "-!"]), st.integers(0, 9_999_999_999_999))
def test_a_line_is_read_as_it_was_stored(text: str, tag: str, at: int) -> None:
    stored = records.encoded(at, tag, text)
    assert records.decoded(stored.rstrip(b"\n"), 7) == Line(7, at, tag, text)


@given(st.binary())
def test_anything_else_is_no_line(stored: bytes) -> None:
    line = records.decoded(stored)
    assert line is None or (line.tag[0] in "EWID-" and line.at >= 0)


@given(st.lists(TEXTS, min_size=1))
def test_each_line_of_a_batch_has_the_place_where_its_bytes_stand(texts: list[str]) -> None:
    batch = Batch(1790000000123, ["I "] * len(texts), texts)
    assert batch[-1].place == 0
    batch.stored_at(records.place(3, 1000))
    for line in batch:
        number, offset = records.number_and_offset(line.place)
        stored = batch.encoded[offset - 1000 :].partition(b"\n")[0]
        assert number == 3
        assert records.decoded(stored, line.place) == line


def test_later_lines_have_higher_places_which_a_browser_can_hold() -> None:
    assert records.place(1, 2**31) < records.place(2, 0) < 2**53
    assert records.is_place(records.place(999_999, 2**32 - 1))
    assert not records.is_place(-1)
    assert not records.is_place(2**53)


@pytest.mark.parametrize("name", ["app", "engine.7", "engine.7-b", "a_1.b.2"])
def test_these_are_names_of_sources(name: str) -> None:
    assert checked(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "a..b", ".a", "a.", "A", "a\n", "a b", "é", "a\0", "-a",
     "7", "x" * 65, "/etc"],
)  # fmt: skip
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    assert not is_source(name)
    with pytest.raises(ValueError, match="not the name of a log"):
        checked(name)
