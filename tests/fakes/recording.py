from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from live_app.core.protocol import Field
from metrics_app.sampled import Sampled


@dataclass
class SlowRecorder:
    """Takes note of what is asked of it; `start` and `write` take as long as a test says."""

    started: threading.Event = field(default_factory=threading.Event)
    may_write: threading.Event = field(default_factory=threading.Event)
    writing: threading.Event = field(default_factory=threading.Event)
    added: list[Sampled] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    error: Exception | None = None
    is_due: bool = True

    def add(self, sampled: Sampled) -> None:
        self.added.append(sampled)

    def start(self) -> None:
        self._called("start")
        self.started.set()

    def write(self) -> None:
        self._called("write")
        self.writing.set()
        self.may_write.wait()
        if self.error is not None:
            raise self.error

    def finish(self) -> None:
        self._called("finish")

    def _called(self, name: str) -> None:
        self.calls.append(name)
        self.threads.add(threading.current_thread().name.partition("_")[0])


@dataclass
class Screen:
    """What would be shown of each topic."""

    shown: dict[str, list[tuple[tuple[Field, ...], list[float | None], float]]] = field(
        default_factory=dict
    )

    def publish(
        self, topic: str, fields: Sequence[Field], values: Sequence[float | None], at: float
    ) -> None:
        self.shown.setdefault(topic, []).append((tuple(fields), [*values], at))
