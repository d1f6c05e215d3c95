"""Puts the answer together that was not asked for as a stream, from the stream the engine gives.

An engine notices only while it streams that nobody waits any more; so it is always asked to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from proxy_app.core.routes import Shape

MOST_CHOICES: Final = 128
# What is laid end to end; everything else that comes later takes the place of what came before.
_TEXTS: Final = frozenset(
    {"content", "reasoning_content", "refusal", "text", "arguments", "thinking", "partial_json"}
)


class AssemblyError(ValueError):
    """The stream is not what it should be."""


class Assembly(Protocol):
    def add(self, name: str, said: Mapping[str, Any]) -> None:
        """One event; raises AssemblyError."""

    def whole(self) -> dict[str, Any]:
        """Raises AssemblyError when the stream ended too early."""


def assembly(shape: Shape) -> Assembly:
    kinds: dict[Shape, type[Assembly]] = {
        "chat": _Choices,
        "completion": _Choices,
        "native": _Native,
        "message": _Message,
        "response": _Response,
    }
    return kinds[shape]()


class _Choices:
    """OpenAI's chat and text completions."""

    def __init__(self) -> None:
        self._whole: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}

    def add(self, name: str, said: Mapping[str, Any]) -> None:
        for key, value in said.items():
            if key != "choices":
                self._whole[key] = value
        choices = said.get("choices", [])
        if not isinstance(choices, list):
            raise AssemblyError("choices are no list")
        for choice in choices:
            if not isinstance(choice, dict) or type(choice.get("index", 0)) is not int:
                raise AssemblyError("a choice without an index")
            self._add_choice(choice)

    def _add_choice(self, piece: Mapping[str, Any]) -> None:
        index = piece.get("index", 0)
        if index not in self._choices and len(self._choices) >= MOST_CHOICES:
            raise AssemblyError("too many choices")
        choice = self._choices.setdefault(index, {"index": index, "finish_reason": None})
        for key, value in piece.items():
            if key == "delta":
                if not isinstance(value, dict):
                    raise AssemblyError("a delta that is no object")
                _join(choice.setdefault("message", {"role": "assistant", "content": None}), value)
            elif key == "text":
                choice["text"] = choice.get("text", "") + str(value)
            elif key == "logprobs":
                choice["logprobs"] = _joined_logprobs(choice.get("logprobs"), value)
            elif value is not None or key not in choice:
                choice[key] = value

    def whole(self) -> dict[str, Any]:
        choices = [self._choices[index] for index in sorted(self._choices)]
        if not choices or any(choice.get("finish_reason") is None for choice in choices):
            raise AssemblyError("the stream ended before the answer did")
        for choice in choices:
            _without_indexes(choice.get("message"))
        if self._whole.get("object") == "chat.completion.chunk":
            self._whole["object"] = "chat.completion"
        return {"choices": choices, **self._whole}


def _join(message: dict[str, Any], delta: Mapping[str, Any]) -> None:
    for key, value in delta.items():
        if key in _TEXTS and isinstance(value, str):
            known = message.get(key)
            message[key] = known + value if isinstance(known, str) else value
        elif key == "tool_calls" and isinstance(value, list):
            _join_calls(message.setdefault("tool_calls", []), value)
        elif isinstance(value, dict) and isinstance(message.get(key), dict):
            _join(message[key], value)
        elif value is not None or key not in message:
            message[key] = value


def _join_calls(calls: list[dict[str, Any]], pieces: list[Any]) -> None:
    for piece in pieces:
        if not isinstance(piece, dict):
            raise AssemblyError("a tool call that is no object")
        index = piece.get("index", len(calls))
        known = next((call for call in calls if call.get("index") == index), None)
        if known is None:
            if len(calls) >= MOST_CHOICES:
                raise AssemblyError("too many tool calls")
            known = {"index": index}
            calls.append(known)
        _join(known, piece)


def _without_indexes(message: Any) -> None:
    """An answer's tool calls stand in their order, as pieces of a stream do not."""
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    for call in calls or []:
        call.pop("index", None)


def _joined_logprobs(known: Any, value: Any) -> Any:
    if not isinstance(known, dict) or not isinstance(value, dict):
        return known if value is None else value
    joined = dict(known)
    for key, piece in value.items():
        both_lists = isinstance(piece, list) and isinstance(known.get(key), list)
        joined[key] = [*known[key], *piece] if both_lists else piece
    return joined


class _Native:
    """llama.cpp's /completion: the last event says everything but the text."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._tokens: list[Any] = []
        self._last: dict[str, Any] | None = None

    def add(self, name: str, said: Mapping[str, Any]) -> None:
        if isinstance(text := said.get("content"), str):
            self._texts.append(text)
        if isinstance(tokens := said.get("tokens"), list):
            self._tokens += tokens
        if said.get("stop") is True:
            self._last = dict(said)

    def whole(self) -> dict[str, Any]:
        if self._last is None:
            raise AssemblyError("the stream ended before the answer did")
        return {**self._last, "content": "".join(self._texts), "tokens": self._tokens}


class _Message:
    """Anthropic's messages."""

    def __init__(self) -> None:
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._json: dict[int, str] = {}  # inputs of tools come as pieces of JSON
        self._is_whole = False

    def add(self, name: str, said: Mapping[str, Any]) -> None:
        kind = said.get("type") or name
        if kind == "message_start" and isinstance(message := said.get("message"), dict):
            self._message = dict(message)
        elif kind == "content_block_start" and isinstance(said.get("content_block"), dict):
            if len(self._blocks) >= MOST_CHOICES:
                raise AssemblyError("too many blocks")
            self._blocks[_index(said)] = dict(said["content_block"])
        elif kind == "content_block_delta" and isinstance(delta := said.get("delta"), dict):
            self._add_delta(_index(said), delta)
        elif kind == "message_delta":
            self._end(said)
        elif kind == "message_stop":
            self._is_whole = True
        elif kind == "error":
            raise AssemblyError("the engine reports an error")

    def _add_delta(self, index: int, delta: Mapping[str, Any]) -> None:
        block = self._blocks.setdefault(index, {"type": "text", "text": ""})
        if isinstance(piece := delta.get("partial_json"), str):
            self._json[index] = self._json.get(index, "") + piece
            return
        _join(block, {key: value for key, value in delta.items() if key != "type"})

    def _end(self, said: Mapping[str, Any]) -> None:
        if isinstance(delta := said.get("delta"), dict):
            self._message |= delta
        if isinstance(usage := said.get("usage"), dict):
            known = self._message.get("usage")
            self._message["usage"] = {**(known if isinstance(known, dict) else {}), **usage}

    def whole(self) -> dict[str, Any]:
        if not self._is_whole:
            raise AssemblyError("the stream ended before the answer did")
        for index, text in self._json.items():
            try:
                self._blocks[index]["input"] = json.loads(text) if text else {}
            except ValueError as error:
                raise AssemblyError("the input of a tool is no JSON") from error
        blocks = [self._blocks[index] for index in sorted(self._blocks)]
        return {**self._message, "content": blocks}


def _index(said: Mapping[str, Any]) -> int:
    index = said.get("index", 0)
    if type(index) is not int:
        raise AssemblyError("a block without an index")
    return index


class _Response:
    """OpenAI's responses: the last event holds the whole."""

    def __init__(self) -> None:
        self._response: dict[str, Any] | None = None

    def add(self, name: str, said: Mapping[str, Any]) -> None:
        kind = said.get("type") or name
        if kind in ("response.completed", "response.incomplete", "response.failed"):
            response = said.get("response")
            self._response = response if isinstance(response, dict) else None

    def whole(self) -> dict[str, Any]:
        if self._response is None:
            raise AssemblyError("the stream ended before the answer did")
        return self._response
