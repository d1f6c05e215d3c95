from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_app.core.answers import Spent
from proxy_app.core.assembly import AssemblyError
from proxy_app.core.errors import GatewayError
from proxy_app.core.ollama_chat import Told, asked


def test_options_get_openai_s_names() -> None:
    said = {"messages": [], "options": {"num_predict": 5, "temperature": 0, "mirostat": 1}}
    found = asked(said, is_chat=True)
    assert (found["max_tokens"], found["temperature"]) == (5, 0)
    assert "mirostat" not in found


def test_a_prompt_becomes_messages() -> None:
    found = asked({"prompt": "hi", "system": "be brief"}, is_chat=False)
    assert [(each["role"], each["content"]) for each in found["messages"]] == [
        ("system", "be brief"),
        ("user", "hi"),
    ]


def test_an_image_becomes_an_address_that_holds_it() -> None:
    said = {"messages": [{"role": "user", "content": "what?", "images": ["AAAA"]}]}
    (message,) = asked(said, is_chat=True)["messages"]
    assert message["content"][1]["image_url"]["url"] == "data:image/png;base64,AAAA"


def test_a_schema_is_handed_on() -> None:
    found = asked({"messages": [], "format": {"type": "object"}}, is_chat=True)
    assert found["response_format"]["json_schema"]["schema"] == {"type": "object"}


def test_a_tool_call_s_arguments_are_an_object() -> None:
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a": 1}'}}
    told = Told("m", is_chat=True)
    told.line({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
    told.line({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    end = told.end(Spent(), 1.0)
    assert end["message"]["tool_calls"] == [{"function": {"name": "f", "arguments": {"a": 1}}}]


def test_a_chat_that_stops_early_has_no_last_line() -> None:
    told = Told("m", is_chat=True)
    told.line({"choices": [{"index": 0, "delta": {"content": "Hel"}}]})
    with pytest.raises(AssemblyError):
        told.end(Spent(), 1.0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "images", "tool_calls", "function"]), inner)
    ),
    max_leaves=10,
)
NAMES = st.sampled_from(["messages", "options", "tools", "format", "prompt", "images", "think"])


@given(st.dictionaries(NAMES, JSON), st.booleans())
def test_whatever_is_asked_is_a_question_or_refused(said: dict[str, Any], is_chat: bool) -> None:
    try:
        found = asked(said, is_chat=is_chat)
    except GatewayError as error:
        assert error.status == 400
        return
    assert all(isinstance(message, dict) for message in found["messages"])
