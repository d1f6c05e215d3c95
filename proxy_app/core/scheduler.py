"""Whom to serve next, which engine to start, and whom to turn away. Pure: a state and a time in,
a decision out. The shell (proxy_app/line.py) acts, tells what happened by the next state, and asks
again at `wake_at` at the latest.

    target  what a request is for: an engine, running or not
    rank    a key's use of late in slot-seconds, divided by its weight; the lowest is served first
    All times are seconds on one monotonic clock.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

TargetState = Literal["stopped", "starting", "ready", "stopping", "failed"]
INFINITY: Final = math.inf
MOST_RETRY_AFTER: Final = 120


@dataclass(frozen=True, slots=True)
class Policy:
    overdue_seconds: float = 60.0  # who waits longer is served strictly by age
    usage_half_life_seconds: float = 600.0
    give_up_seconds: float = 600.0  # answered 503 after that, whatever happens
    max_wait_seconds: float = 300.0  # a longer wait is predicted: 429 at once
    key_queue_limit: int = 64
    queue_limit: int = 512


@dataclass(frozen=True, slots=True)
class Request:
    id: int
    key: str
    target: str
    arrived_at: float
    admitted: bool = False
    priority: int = 0  # -1 batch, 0 normal, 1 urgent


@dataclass(frozen=True, slots=True)
class Key:
    weight: float = 1.0
    max_running: int | None = None
    running: int = 0
    usage_seconds: float = 0.0  # slot-seconds, decayed, as of usage_at
    usage_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Target:
    state: TargetState = "stopped"
    slots: int = 1
    busy: int = 0
    load_seconds: float = 10.0  # expected
    started_at: float = 0.0  # when it began to start
    mean_service_seconds: float = 5.0
    failure: str = ""  # why it is not tried again
    last_dispatch_at: Mapping[str, float] = field(default_factory=dict)  # by key


@dataclass(frozen=True, slots=True)
class State:
    requests: Sequence[Request]  # those that wait, oldest first; who is gone is not among them
    targets: Mapping[str, Target]
    keys: Mapping[str, Key]


@dataclass(frozen=True, slots=True)
class Admit:
    request: int
    expected_seconds: float


@dataclass(frozen=True, slots=True)
class Reject:
    request: int
    status: int
    code: str
    retry_after: int | None = None  # seconds


@dataclass(frozen=True, slots=True)
class Dispatch:
    request: int
    target: str


@dataclass(frozen=True, slots=True)
class Start:
    target: str


Act = Admit | Reject | Dispatch | Start


@dataclass(frozen=True, slots=True)
class Decision:
    actions: tuple[Act, ...]
    wake_at: float


def rank(key: Key, now: float, policy: Policy) -> float:
    decay: float = 0.5 ** (max(0.0, now - key.usage_at) / policy.usage_half_life_seconds)
    return key.usage_seconds * decay / key.weight


def decide(state: State, now: float, policy: Policy) -> Decision:
    return _Round(state, now, policy).run()


class _Round:
    """The scratch space of one call."""

    def __init__(self, state: State, now: float, policy: Policy) -> None:
        self._state, self._now, self._policy = state, now, policy
        self._actions: list[Act] = []
        self._wake_at = INFINITY
        # target -> key -> its requests, oldest first
        self._lines: dict[str, dict[str, list[Request]]] = defaultdict(dict)
        self._waiting: dict[str, int] = defaultdict(int)  # by key
        self._running = {name: key.running for name, key in state.keys.items()}
        self._busy = {name: target.busy for name, target in state.targets.items()}
        self._rank = {name: rank(key, now, policy) for name, key in state.keys.items()}

    def run(self) -> Decision:
        for request in self._sweep():
            self._admit(request)
        for name in self._lines:
            target = self._state.targets[name]
            if target.state in ("stopped", "failed") and any(map(self._may_run, self._lines[name])):
                self._actions.append(Start(name))
            elif target.state == "ready":
                self._serve(name, target)
        return Decision(tuple(self._actions), self._wake_at)

    # ------------------------------------------------------------ who still waits
    def _sweep(self) -> list[Request]:
        new: list[Request] = []
        for request in self._state.requests:
            give_up_at = request.arrived_at + self._policy.give_up_seconds
            if self._state.targets[request.target].failure:
                self._actions.append(Reject(request.id, 503, "model_failed"))
            elif self._now >= give_up_at:
                self._actions.append(Reject(request.id, 503, "waited_too_long", 5))
            elif request.admitted:
                self._put(request)
                self._wake_at = min(self._wake_at, give_up_at)
            else:
                new.append(request)
        return new

    def _put(self, request: Request) -> None:
        self._lines[request.target].setdefault(request.key, []).append(request)
        self._waiting[request.key] += 1

    # ------------------------------------------------------------ who may wait
    def _admit(self, request: Request) -> None:
        policy = self._policy
        expected = self._expected_wait(request)
        code = ""
        if self._waiting[request.key] >= policy.key_queue_limit:
            code = "key_queue_full"
        elif sum(self._waiting.values()) >= policy.queue_limit:
            code = "queue_full"
        elif expected > policy.max_wait_seconds:
            code = "wait_too_long"
        if not code:
            self._put(request)
            self._actions.append(Admit(request.id, expected))
            return
        over = expected - policy.max_wait_seconds if code == "wait_too_long" else expected / 2
        seconds = max(1, min(MOST_RETRY_AFTER, math.ceil(over)))
        self._actions.append(Reject(request.id, 429, code, seconds))

    def _expected_wait(self, request: Request) -> float:
        target = self._state.targets[request.target]
        ahead = self._ahead(request)
        free = target.slots - self._busy[request.target]
        if target.state == "ready" and ahead < free:
            return 0.0
        rounds = math.ceil(max(0.0, ahead + 1 - max(0, free)) / target.slots)
        load = 0.0
        if target.state == "starting":
            load = max(0.0, target.started_at + target.load_seconds - self._now)
        elif target.state != "ready":
            load = target.load_seconds
        return load + rounds * target.mean_service_seconds

    def _ahead(self, request: Request) -> float:
        """Requests of the target that are served before it, when keys take turns by weight."""
        line = self._lines.get(request.target, {})
        own = len(line.get(request.key, ())) + 1
        weight = self._state.keys[request.key].weight
        others = (
            min(len(requests), own * self._state.keys[key].weight / weight)
            for key, requests in line.items()
            if key != request.key
        )
        return own - 1 + sum(others)

    # ------------------------------------------------------------ whom to serve now
    def _may_run(self, key: str) -> bool:
        limit = self._state.keys[key].max_running
        return limit is None or self._running[key] < limit

    def _serve(self, name: str, target: Target) -> None:
        while self._busy[name] < target.slots:
            request = self._next(name, target)
            if request is None:
                return
            self._lines[name][request.key].pop(0)
            self._busy[name] += 1
            self._running[request.key] += 1
            weight = self._state.keys[request.key].weight
            self._rank[request.key] += target.mean_service_seconds / weight
            self._actions.append(Dispatch(request.id, name))

    def _next(self, name: str, target: Target) -> Request | None:
        """The head of a key's line: the longest unserved overdue key, else priority, else rank."""
        best: tuple[tuple[float, ...], Request] | None = None
        for key, requests in self._lines[name].items():
            if not requests or not self._may_run(key):
                continue
            head = requests[0]
            unserved = max(head.arrived_at, target.last_dispatch_at.get(key, -INFINITY))
            overdue_at = unserved + self._policy.overdue_seconds
            order: tuple[float, ...]
            if self._now >= overdue_at:
                order = (0, unserved, 0, head.arrived_at, head.id)
            else:
                self._wake_at = min(self._wake_at, overdue_at)
                order = (1, -head.priority, self._rank[key], head.arrived_at, head.id)
            if best is None or order < best[0]:
                best = (order, head)
        return None if best is None else best[1]
