"""What a chat template seems to support, found by text tests only.

A template is a program out of an untrusted file: it is never rendered here. llama-server finds
out by rendering it; what a running engine reports replaces these answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from models_app.core.cleaning import MAX_TEMPLATE
from models_app.core.gguf import Header

_EXTRAS: Final = ("tools", "thinking", "vision", "system")
_KEY: Final = "tokenizer.chat_template"
_FLAGS: Final = re.IGNORECASE | re.ASCII
_TOOLS = re.compile(r"\btools\b|tool_call", _FLAGS)
_THINKING = re.compile(r"enable_thinking|<think>|reasoning_content|thinking", _FLAGS)
_VISION = re.compile(
    r"<\|?(?:image|video|vision)[^<>]{0,32}>|image_url|['\"](?:image|video)['\"]", _FLAGS
)
_SYSTEM = re.compile(r"\bsystem\b", re.ASCII)
# Gemma's template names the system role only to refuse it.
_NO_SYSTEM = re.compile(r"system role (?:is )?not supported", _FLAGS)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """None is unknown: no template, so llama-server would take a general one."""

    template: bool = False
    tools: bool | None = None
    thinking: bool | None = None
    vision: bool | None = None
    system: bool | None = None

    def names(self) -> list[str]:
        """What the template supports: "tools", "thinking", "vision", "system"."""
        return [name for name in _EXTRAS if getattr(self, name)]


def chat_template(header: Header) -> str | None:
    """The template llama-server uses: the plain one, else the one named default."""
    return header.text(_KEY) or header.text(f"{_KEY}.default") or None


def capabilities_of(header: Header) -> Capabilities:
    template = chat_template(header)
    if template is None:
        return Capabilities()
    text = template[:MAX_TEMPLATE]
    return Capabilities(
        template=True,
        tools=bool(_TOOLS.search(text)) or bool(header.text(f"{_KEY}.tool_use")),
        thinking=bool(_THINKING.search(text)),
        vision=bool(_VISION.search(text)),
        system=bool(_SYSTEM.search(text)) and not _NO_SYSTEM.search(text),
    )
