from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.event_stream import EventStream, EventTooLong


def test_events_are_given_as_they_are_complete() -> None:
    stream = EventStream()
    assert stream.feed(b'data: {"a"') == []
    assert stream.feed(b":1}\n") == []
    assert stream.feed(b"\ndata: two\r\n\r\n") == [b'{"a":1}', b"two"]


def test_comments_and_other_fields_are_left_out() -> None:
    assert EventStream().feed(b":\n\nevent: x\nid: 7\n\ndata: y\nretry: 1\n\n") == [b"y"]


def test_several_data_lines_are_one_event() -> None:
    assert EventStream().feed(b"data: a\ndata:b\n\n") == [b"a\nb"]


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 200, b"data: xxxxxxxx\n" * 30])
def test_an_event_that_does_not_end_is_given_up(piece: bytes) -> None:
    with pytest.raises(EventTooLong):
        EventStream(most_bytes=100).feed(piece)


@given(st.lists(st.binary(max_size=12)), st.integers(1, 7))
def test_how_it_is_cut_makes_no_difference(pieces: list[bytes], step: int) -> None:
    whole = b"".join(
        b"data: " + piece.replace(b"\n", b"").replace(b"\r", b"") + b"\n\n" for piece in pieces
    )
    stream = EventStream()
    cut = [
        event for at in range(0, len(whole), step) for event in stream.feed(whole[at : at + step])
    ]
    assert cut == EventStream().feed(whole)
