"""What browsers may say. Whatever text arrives, the answer is a request or a ProtocolError."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

import orjson

from live_app.core.frames import Field

__all__ = ["MAX_TOPICS", "Ack", "Field", "ProtocolError", "Request", "Subscribe", "Unsubscribe"]

MAX_TOPICS: Final = 64
_TOPIC: Final = re.compile(r"[a-z][a-z0-9_.-]{0,99}", re.ASCII)
_MOST: Final = 2**53  # what a number in a browser can count to


class ProtocolError(ValueError):
    """The words are for whoever writes the client."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Subscribe:
    topics: tuple[str, ...]
    since: Mapping[str, int]  # the last change seen, by topic


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ack:
    n: int  # all frames that have arrived so far


Request = Subscribe | Unsubscribe | Ack


def parse(text: str) -> Request:
    try:
        content = orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        raise ProtocolError("not_json", "A frame is one JSON object.") from None
    if not isinstance(content, dict):
        raise ProtocolError("not_an_object", "A frame is one JSON object.")
    op = content.get("op")
    read = _READERS.get(op) if isinstance(op, str) else None
    if read is None:
        raise ProtocolError("unknown_op", 'The "op" is one of: sub, unsub, ack.')
    return read(content)


def _subscribe(content: dict[str, Any]) -> Subscribe:
    since = content.get("since", {})
    if not isinstance(since, dict) or not all(map(_is_count, since.values())):
        raise ProtocolError("bad_since", '"since" gives the last "seq" of each topic.')
    return Subscribe(_topics(content), since)


def _unsubscribe(content: dict[str, Any]) -> Unsubscribe:
    return Unsubscribe(_topics(content))


def _ack(content: dict[str, Any]) -> Ack:
    n = content.get("n")
    if not _is_count(n):
        raise ProtocolError("bad_ack", '"n" is the number of frames that have arrived.')
    return Ack(n)


def _topics(content: dict[str, Any]) -> tuple[str, ...]:
    """Each once, in their order."""
    topics = content.get("topics")
    if not isinstance(topics, list) or not all(map(is_topic, topics)):
        raise ProtocolError("bad_topics", '"topics" is a list of names such as "host".')
    if len(topics) > MAX_TOPICS:
        raise ProtocolError("too_many_topics", f"At most {MAX_TOPICS} topics.")
    return tuple(dict.fromkeys(topics))


def is_topic(name: Any) -> bool:
    return isinstance(name, str) and _TOPIC.fullmatch(name) is not None


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < _MOST  # True is an int as well


_READERS: Final[dict[str, Callable[[dict[str, Any]], Request]]] = {
    "sub": _subscribe,
    "unsub": _unsubscribe,
    "ack": _ack,
}
