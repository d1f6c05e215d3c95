"""What the owner of a model changes in requests for it. Pure: a body in, a body out.

In this order: parameters are stripped, those that are missing set, others set whatever was asked,
the system prompt is put in front, and the tokens to generate are bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# The gateway itself relies on these, and on the shape of what is asked.
PROTECTED: Final = frozenset({"model", "stream", "messages", "prompt", "input", "documents"})
MOST_NAMES: Final = 100
MOST_PREFIX: Final = 65_536
# How each path calls the bound of what is generated. The first one is set where none of them is
# given; a name of another path is bounded too, as engines hand some on to each other.
_BOUNDS: Final[Mapping[str, tuple[str, ...]]] = {
    "chat": ("max_tokens", "max_completion_tokens", "n_predict"),
    "completion": ("max_tokens", "n_predict"),
    "native": ("n_predict", "max_tokens"),
    "message": ("max_tokens",),
    "response": ("max_output_tokens",),
}
_SPELLINGS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict")


@dataclass(frozen=True, slots=True)
class Rewrite:
    strip: tuple[str, ...] = ()
    default: Mapping[str, Any] = field(default_factory=dict)
    set: Mapping[str, Any] = field(default_factory=dict)
    system_prefix: str = ""
    max_tokens: int | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.strip or self.default or self.set or self.system_prefix or self.max_tokens)


def rewritten(said: Mapping[str, Any], shape: str, rewrite: Rewrite) -> dict[str, Any]:
    """`shape` as in core/routes.py; what generates nothing is "plain"."""
    strip = set(rewrite.strip) - PROTECTED
    found = {name: value for name, value in said.items() if name not in strip}
    if shape == "plain":
        return found
    for name, value in rewrite.default.items():
        if name not in PROTECTED and found.get(name) is None:
            found[name] = value
    found.update({name: value for name, value in rewrite.set.items() if name not in PROTECTED})
    if rewrite.system_prefix:
        _prefix(found, shape, rewrite.system_prefix)
    if rewrite.max_tokens is not None:
        _bound(found, _BOUNDS[shape], rewrite.max_tokens)
    return found


def _bound(found: dict[str, Any], names: tuple[str, ...], most: int) -> None:
    """`names`: those that this path knows. -1 is without an end."""
    if all(found.get(name) is None for name in names):
        found[names[0]] = most
    for name in _SPELLINGS:
        value = found.get(name)
        if value is not None and (type(value) not in (int, float) or not 0 <= value <= most):
            found[name] = most


def _prefix(found: dict[str, Any], shape: str, prefix: str) -> None:
    if shape == "message":
        found["system"] = _before(prefix, found.get("system"))
    elif shape == "response":
        found["instructions"] = _before(prefix, found.get("instructions"))
    elif shape == "chat":
        found["messages"] = _with_system(prefix, found.get("messages"))


def _with_system(prefix: str, messages: Any) -> Any:
    if not isinstance(messages, list):
        return messages  # the engine says what is wrong with it
    first = messages[0] if messages else None
    if isinstance(first, dict) and first.get("role") in ("system", "developer"):
        return [{**first, "content": _before(prefix, first.get("content"))}, *messages[1:]]
    return [{"role": "system", "content": prefix}, *messages]


def _before(prefix: str, given: Any) -> Any:
    """A text, or a list of parts."""
    if isinstance(given, list):
        return [{"type": "text", "text": prefix}, *given]
    return f"{prefix}\n\n{given}" if isinstance(given, str) and given else prefix
