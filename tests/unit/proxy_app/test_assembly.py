from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_app.core.assembly import AssemblyError, assembly
from proxy_app.core.routes import Shape


def whole(shape: Shape, *events: dict[str, Any]) -> dict[str, Any]:
    pieces = assembly(shape)
    for said in events:
        pieces.add("", said)
    return pieces.whole()


def chunk(delta: dict[str, Any], reason: str | None = None, index: int = 0) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": reason}
    return {"object": "chat.completion.chunk", "id": "x", "choices": [choice]}


END = chunk({}, "stop")


def test_the_pieces_of_a_chat_become_one_message() -> None:
    first = chunk({"role": "assistant", "content": None})
    said = whole("chat", first, chunk({"content": "Hel"}), chunk({"content": "lo"}), END)
    assert said["choices"] == [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Hello"},
        }
    ]
    assert said["object"] == "chat.completion"


def test_reasoning_is_laid_end_to_end_like_content() -> None:
    said = whole("chat", chunk({"reasoning_content": "a"}), chunk({"reasoning_content": "b"}), END)
    assert said["choices"][0]["message"]["reasoning_content"] == "ab"


def test_a_tool_call_comes_together_from_its_pieces() -> None:
    begin = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": '{"a":'}}
    last = {"index": 0, "function": {"arguments": "1}"}}
    chunks = [chunk({"tool_calls": [each]}) for each in (begin, more, last)]
    said = whole("chat", *chunks, chunk({}, "tool_calls"))
    assert said["choices"][0]["message"]["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    ]


def test_choices_stand_in_their_order() -> None:
    chunks = [chunk({"content": str(n)}, "stop", index=n) for n in (2, 0, 1)]
    said = whole("chat", *chunks)
    assert [choice["message"]["content"] for choice in said["choices"]] == ["0", "1", "2"]


def test_usage_comes_with_the_last_chunk() -> None:
    said = whole("chat", END, {"choices": [], "usage": {"total_tokens": 3}})
    assert said["usage"] == {"total_tokens": 3}


def test_a_stream_that_stops_early_is_no_answer() -> None:
    with pytest.raises(AssemblyError):
        whole("chat", chunk({"content": "Hel"}))


def test_the_pieces_of_a_completion_become_one_text() -> None:
    pieces = [{"choices": [{"index": 0, "text": t, "finish_reason": None}]} for t in ("a", "b")]
    end = {"choices": [{"index": 0, "text": "", "finish_reason": "length"}]}
    assert whole("completion", *pieces, end)["choices"][0]["text"] == "ab"


def test_llama_cpp_s_last_event_gets_the_whole_text() -> None:
    said = whole("native", {"content": "a", "tokens": [1]}, {"content": "", "stop": True, "x": 1})
    assert (said["content"], said["tokens"], said["x"]) == ("a", [1], 1)


def test_the_blocks_of_a_message_come_together() -> None:
    said = whole(
        "message",
        {"type": "message_start", "message": {"id": "m", "content": [], "usage": {"a": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "id": "t", "input": {}},
        },
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": '{"q": 1}'},
        },
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"b": 2}},
        {"type": "message_stop"},
    )
    assert said["content"] == [
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "t", "input": {"q": 1}},
    ]
    assert (said["stop_reason"], said["usage"]) == ("tool_use", {"a": 1, "b": 2})


def test_a_response_is_what_its_last_event_holds() -> None:
    said = whole("response", {"type": "response.completed", "response": {"id": "r"}})
    assert said == {"id": "r"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "index", "delta", "tool_calls", "content", "type", "message", "text"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(
    st.sampled_from(["chat", "completion", "native", "message", "response"]),
    st.lists(st.dictionaries(st.sampled_from(["choices", "delta", "type"]), JSON), max_size=4),
)
def test_whatever_an_engine_streams_is_an_answer_or_refused(
    shape: Shape, events: list[dict[str, Any]]
) -> None:
    try:
        found = whole(shape, *events)
    except AssemblyError:
        return
    assert isinstance(found, dict)
