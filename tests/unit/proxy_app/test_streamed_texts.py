"""What is kept of a stream, whose words come in pieces."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_app.capturing import ALL, Kept
from proxy_app.core.streamed import together

SECRET = "sk-" + "a1" * 20


def events(*said: Any) -> bytes:
    return b"".join(b"data: " + orjson.dumps(each) + b"\n\n" for each in said)


def chat(**delta: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta}], "model": "m"}


def anthropic(text: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "x", "text": text}}


def response(text: str) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "delta": text}


def lines(*said: Any) -> bytes:
    return b"".join(orjson.dumps(each) + b"\n" for each in said)


@pytest.mark.parametrize(
    "raw",
    [
        events(*(chat(content=each) for each in ("key ", SECRET[:9], SECRET[9:], "."))),
        events(*(anthropic(each) for each in ("key ", SECRET[:9], SECRET[9:], "."))),
        events(*(response(each) for each in ("key ", SECRET[:9], SECRET[9:], "."))),
        events(*({"content": each} for each in ("key ", SECRET[:9], SECRET[9:], "."))),
        lines(*({"response": each} for each in ("key ", SECRET[:9], SECRET[9:], "."))),
    ],
)
def test_a_key_in_two_events_is_not_kept(raw: bytes) -> None:
    kept = Kept(ALL, {}, 10_000)
    kept.add(raw)
    _, answered, _ = kept.texts()
    assert "key ***." in answered
    assert SECRET[3:9] not in answered
    assert SECRET[9:] not in answered


def test_thoughts_stand_before_the_answer_and_errors_are_told() -> None:
    raw = events(chat(reasoning_content="hm"), chat(content="yes"), {"error": {"code": 502}})
    found = together(raw)
    assert found == '[reasoning_content]\nhm\n\n[content]\nyes\n\n[error]\n{\n  "code": 502\n}'


def test_an_answer_as_a_whole_is_no_stream() -> None:
    assert together(b'{"choices": []}') is None
    assert together(b"plain words") is None


def test_the_arguments_of_a_tool_are_kept_in_either_form() -> None:
    call = {"function": {"name": "f", "arguments": {"city": "Ulm"}}}
    raw = lines({"message": {"content": "", "tool_calls": [call]}}, {"done": True})
    assert "Ulm" in (together(raw) or "")
    deep = b'{"arguments": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}"
    assert "[too deep]" in (together(b"data: " + deep + b"\n\n") or "")


@given(st.binary(max_size=200))
def test_nothing_that_is_sent_breaks_it(raw: bytes) -> None:
    together(raw)
    together(b"data: " + raw + b"\n\n")
