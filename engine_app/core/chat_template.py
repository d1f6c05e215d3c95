"""What an engine tells of the template that makes a prompt of a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_WORDS: Final = {
    "supports_system_role": "a system role",
    "supports_tools": "tools",
    "supports_tool_calls": "tool calls",
    "supports_parallel_tool_calls": "parallel tool calls",
    "supports_typed_content": "typed content",
    "supports_reasoning_effort": "reasoning effort",
    "supports_preserve_reasoning": "kept reasoning",
}


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    n_characters: int  # 0: it has none
    supports: tuple[str, ...] | None  # None: this build does not say


def read_chat_template(answer: object) -> ChatTemplate | None:
    """Of an answer to `/props`; None where it does not say whether there is one."""
    if not isinstance(answer, dict) or not isinstance(answer.get("chat_template"), str):
        return None
    told = answer.get("chat_template_caps")
    supports = None
    if isinstance(told, dict):
        supports = tuple(words for name, words in _WORDS.items() if told.get(name) is True)
    return ChatTemplate(len(answer["chat_template"]), supports)
