from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from agent_app.short_frames import short_text
from tests.fakes.crowd import text_frame


def sent(text: str) -> bytes:
    """As a browser sends it, with a mask by chance."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)


@given(st.text(min_size=1, max_size=31))
def test_a_short_text_is_read_as_it_was_sent(text: str) -> None:
    assert short_text(sent(text)) == text
    assert short_text(text_frame(text.encode())) == text


@given(st.binary(max_size=200))
def test_any_other_bytes_are_left_to_whoever_knows_the_protocol(data: bytes) -> None:
    text = short_text(data)
    assert text is None or data[:2] == sent(text)[:2]


def test_what_is_not_exactly_one_short_text_is_left_alone() -> None:
    one = sent("x")
    for data in (
        b"",
        one[:-1],
        one + one,
        sent("x" * 126),
        sent(""),
        Frame(Opcode.TEXT, b"x", fin=False).serialize(mask=True),
        Frame(Opcode.BINARY, b"x").serialize(mask=True),
        Frame(Opcode.PING, b"x").serialize(mask=True),
        Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True),
        Frame(Opcode.TEXT, b"\xff").serialize(mask=True),
        Frame(Opcode.TEXT, b"x").serialize(mask=False),
        bytes((one[0] | 0x40,)) + one[1:],  # compressed
    ):
        assert short_text(data) is None
