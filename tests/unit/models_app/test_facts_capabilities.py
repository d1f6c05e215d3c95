from __future__ import annotations

import pytest

from models_app.core.gguf import Value
from models_app.core.templates import Capabilities, capabilities_of
from tests.fakes.headers import decoder_header

PLAIN = "{% for m in messages %}{{ m.content }}{% endfor %}"


def capabilities(text: str, **values: Value) -> Capabilities:
    return capabilities_of(decoder_header(tokenizer__chat_template=text, **values))


def test_without_a_template_everything_is_unknown() -> None:
    assert capabilities_of(decoder_header()) == Capabilities()


def test_a_plain_template_supports_none_of_the_extras() -> None:
    assert capabilities(PLAIN) == Capabilities(True, False, False, False, False)


@pytest.mark.parametrize("text", ["{% if tools %}", "<tool_call>", "message.tool_calls"])
def test_tools_are_found(text: str) -> None:
    assert capabilities(PLAIN + text).tools


def test_what_is_supported_has_names() -> None:
    assert capabilities(PLAIN + "<think> 'system'").names() == ["thinking", "system"]
    assert Capabilities().names() == []


def test_a_separate_tool_template_counts() -> None:
    assert capabilities(PLAIN, **{"tokenizer.chat_template.tool_use": "x"}).tools


@pytest.mark.parametrize("text", ["enable_thinking", "<think>", "reasoning_content"])
def test_thinking_is_found(text: str) -> None:
    assert capabilities(PLAIN + text).thinking


@pytest.mark.parametrize("text", ["<|image_pad|>", "<image>", "<|vision_start|>", "'image'"])
def test_vision_is_found(text: str) -> None:
    assert capabilities(PLAIN + text).vision


def test_the_system_role_is_found() -> None:
    assert capabilities("{% if m.role == 'system' %}").system


def test_a_template_that_refuses_the_system_role_does_not_support_it() -> None:
    text = "{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}"
    assert capabilities(text).system is False


def test_a_template_is_data_and_is_never_run() -> None:
    text = "{{ ''.__class__.__mro__[1].__subclasses__() }}{% for i in range(10**12) %}{% endfor %}"
    assert capabilities(text).template


def test_what_stands_behind_the_cut_is_not_read() -> None:
    assert capabilities("x" * (256 << 10) + "<tool_call>").tools is False
