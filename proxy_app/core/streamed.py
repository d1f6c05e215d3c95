"""What a stream said, laid end to end: no word of it is in two pieces any more.

For what is kept of an answer. The stream may be of any dialect, and its end may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from proxy_app.core import sse
from proxy_app.core.redaction import redacted

_MOST_DEPTH: Final = 12
_MOST_JSON: Final = 64 << 10
# In the order in which they are told, where an answer holds several.
_TEXTS: Final = frozenset(
    {
        "reasoning_content", "thinking", "content", "text", "refusal", "response", "name",
        "arguments", "partial_json",
    }
)  # fmt: skip
# The answer itself needs no heading where nothing else was said.
_PLAIN: Final = frozenset({"content", "text", "response"})
Place = tuple[str, int]


def together(raw: bytes) -> str | None:
    """None: it is no stream, or one that says nothing. What is no whole event is left out."""
    found: dict[Place, list[str]] = {}
    for said in _events(raw):
        kind = said.get("type")
        if isinstance(kind, str) and kind.startswith("response."):
            # OpenAI's responses say all of it again at their end.
            if isinstance(piece := said.get("delta"), str):
                found.setdefault((kind, _index(said, 0)), []).append(piece)
            said = {"error": said.get("error") or _inner(said).get("error")}
        if error := said.get("error"):
            found.setdefault(("error", 0), []).append(_json(error))
        _take(said, 0, 0, found)
    if not found:
        return None
    if len(found) == 1 and next(iter(found))[0] in _PLAIN:
        return "".join(*found.values())
    return "\n\n".join(f"{_heading(place)}\n{''.join(texts)}" for place, texts in found.items())


def _heading(place: Place) -> str:
    name, number = place
    return f"[{name}]" if not number else f"[{name} {number}]"


def _events(raw: bytes) -> Iterator[dict[str, Any]]:
    """Server-sent ones, or lines of JSON as Ollama has them."""
    is_lines = raw.startswith(b"{") and b"}\n{" in raw
    try:
        pieces = raw.split(b"\n") if is_lines else sse.Splitter().feed(raw)
    except sse.EventTooLong:
        return
    for piece in pieces:
        data = piece if is_lines else sse.parsed(piece).data
        try:
            said = orjson.loads(data)
        except orjson.JSONDecodeError:
            continue
        if isinstance(said, dict):
            yield said


def _take(value: Any, number: int, depth: int, found: dict[Place, list[str]]) -> None:
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, list):
        for each in value:
            _take(each, number, depth + 1, found)
    elif isinstance(value, dict):
        number = _index(value, number)
        for key, each in value.items():
            if key in _TEXTS and isinstance(each, str):
                if each:
                    found.setdefault((key, number), []).append(each)
            elif key == "arguments" and isinstance(each, dict):  # Ollama's tools
                found.setdefault((key, number), []).append(_json(each))
            elif key not in ("error", "logprobs"):
                _take(each, number, depth + 1, found)


def _inner(said: dict[str, Any]) -> dict[str, Any]:
    response = said.get("response")
    return response if isinstance(response, dict) else {}


def _json(value: Any) -> str:
    text, _ = redacted(value, _MOST_JSON)
    return text


def _index(said: dict[str, Any], known: int) -> int:
    index = said.get("index", known)
    return index if type(index) is int else known
