from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_app.core import sse
from proxy_app.core.sse import Event, EventTooLong, Splitter, encoded, parsed

EVENTS = st.lists(
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=40), max_size=8
)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


@given(EVENTS, st.lists(st.integers(0, 10_000), max_size=12))
def test_events_are_the_same_however_the_stream_is_cut(texts: list[str], places: list[int]) -> None:
    wanted = [encoded(json.dumps(text).encode()) for text in texts]
    splitter = Splitter()
    found = [raw for chunk in cut(b"".join(wanted), places) for raw in splitter.feed(chunk)]
    assert (found, splitter.rest) == (wanted, b"")


@given(st.binary(max_size=300), st.lists(st.integers(0, 10_000), max_size=8))
def test_no_byte_of_any_stream_is_lost(stream: bytes, places: list[int]) -> None:
    splitter = Splitter()
    found = [raw for chunk in cut(stream, places) for raw in splitter.feed(chunk)]
    assert b"".join(found) + splitter.rest == stream


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
def test_an_event_ends_at_an_empty_line(end: bytes) -> None:
    splitter = Splitter()
    assert splitter.feed(b"data: 1" + end + b"data: 2") == [b"data: 1" + end]
    assert splitter.rest == b"data: 2"


def test_an_event_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MOST_EVENT_BYTES", 100)
    splitter = Splitter()
    with pytest.raises(EventTooLong):
        for _ in range(20):
            splitter.feed(b"data: 12345")


def test_the_lines_of_an_event_are_understood() -> None:
    assert parsed(b"event: error\ndata: a\ndata:b\nid: 7\n\n") == Event("error", b"a\nb")


def test_a_comment_says_nothing() -> None:
    assert parsed(b":\n\n") == Event("", b"")
