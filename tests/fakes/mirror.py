"""What a browser holds: the values of its topics, kept up by the frames that arrive."""

from __future__ import annotations

import json
from typing import Any


class Mirror:
    """Raises AssertionError where the protocol is broken: a gap, a topic without a schema."""

    def __init__(self) -> None:
        self.n_frames = 0
        self.keys: dict[str, list[str]] = {}
        self.values: dict[str, list[float | None]] = {}
        self.seq: dict[str, int] = {}
        self.others: list[dict[str, Any]] = []  # events, gaps, errors, beats

    def take(self, text: str) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(text)
        self.n_frames += 1
        op, topic = frame["op"], frame.get("topic", "")
        if op == "schema":
            self.keys[topic] = [field["key"] for field in frame["fields"]]
            self.values.pop(topic, None)
        elif op == "snap":
            assert len(frame["v"]) == len(self.keys[topic])
            self.values[topic] = frame["v"]
            self.seq[topic] = frame["seq"]
        elif op == "delta":
            self._apply(topic, frame)
        else:
            self.others.append(frame)
        return frame

    def _apply(self, topic: str, frame: dict[str, Any]) -> None:
        first = frame.get("from", frame["seq"])
        assert first == self.seq[topic] + 1, f"{first} after {self.seq[topic]}"
        flat = frame["d"]
        for index, value in zip(flat[::2], flat[1::2], strict=True):
            self.values[topic][index] = value
        self.seq[topic] = frame["seq"]

    def value(self, topic: str, key: str) -> float | None:
        return self.values[topic][self.keys[topic].index(key)]

    def ack(self) -> str:
        return json.dumps({"op": "ack", "n": self.n_frames})
