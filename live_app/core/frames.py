"""The frames that go to browsers: JSON text, encoded once for all who get it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from live_app.core.vector import Value


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a topic's vector."""

    key: str
    unit: str


class Frame(NamedTuple):
    text: str
    n_bytes: int


def encoded(content: Mapping[str, Any]) -> Frame:
    data = orjson.dumps(content)
    return Frame(data.decode(), len(data))


def schema(topic: str, fields: Sequence[Field]) -> Frame:
    listed = [{"key": _as_utf8(field.key), "unit": field.unit} for field in fields]
    mark = hashlib.blake2s(orjson.dumps(listed), digest_size=8).hexdigest()
    return encoded({"op": "schema", "topic": topic, "hash": mark, "fields": listed})


def _as_utf8(key: str) -> str:
    """The name of a mount may hold bytes that are no text."""
    return key.encode(errors="replace").decode()


def snap(topic: str, seq: int, at: float, values: Sequence[Value]) -> Frame:
    return encoded({"op": "snap", "topic": topic, "seq": seq, "t": round(at, 3), "v": values})


def delta(topic: str, first: int, seq: int, at: float, changes: Sequence[Value]) -> Frame:
    """`first` is the earliest change it covers; said only when that is not `seq` itself."""
    content: dict[str, Any] = {"op": "delta", "topic": topic, "seq": seq, "t": round(at, 3)}
    if first != seq:
        content["from"] = first
    return encoded(content | {"d": changes})


def event(topic: str, name: str, data: Mapping[str, Any]) -> Frame:
    return encoded({"op": "event", "topic": topic, "name": name, "data": data})


def gap(topic: str, missed: int) -> Frame:
    return encoded({"op": "gap", "topic": topic, "missed": missed})


def beat(count: int) -> Frame:
    return encoded({"op": "beat", "n": count})


def error(code: str, message: str, topic: str | None = None) -> Frame:
    content = {"op": "error", "code": code, "message": message}
    return encoded(content if topic is None else content | {"topic": topic})
