"""Whom to serve next, which engine to start, and whom to turn away. Pure: a state and a time in,
a decision out. The shell (proxy_app/line.py) acts, tells what happened by the next state, and asks
again at `wake_at` at the latest.

    target  what a request is for: an engine, running or not
    rank    a key's use of late in slot-seconds, divided by its weight; the lowest is served first
    victims targets that have to leave memory before another one can start
    turn    how long a target may go on taking requests although another one waits for its memory
    linger  how long an idle one is kept, where the next request tends to come at once
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
class Turn:
    """The constants come from simulations: a longer turn swaps less and lets others wait longer."""

    shortest_seconds: float = 5.0
    longest_seconds: float = 60.0
    loads: float = 2.0  # as many times as the two take to load
    # Until then requests that came before the other's are served still.
    end_seconds: float = 120.0
    longest_linger_seconds: float = 3.0
    linger_share: float = 0.2  # of the time it takes to load

    def seconds(self, target: Target, other: Target) -> float:
        loading = self.loads * (target.load_seconds + other.load_seconds)
        return min(self.longest_seconds, max(self.shortest_seconds, loading))

    def linger_seconds(self, target: Target) -> float:
        most = min(self.longest_linger_seconds, self.linger_share * target.load_seconds)
        gap = target.usual_gap_seconds
        return most if gap is not None and gap < most else 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    overdue_seconds: float = 60.0  # who waits longer is served strictly by age
    usage_half_life_seconds: float = 600.0
    give_up_seconds: float = 600.0  # answered 503 after that, whatever happens
    max_wait_seconds: float = 300.0  # a longer wait is predicted: 429 at once
    key_queue_limit: int = 64
    queue_limit: int = 512
    turn: Turn = field(default_factory=Turn)


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
    not_before: float = -INFINITY  # nor started
    victims: tuple[str, ...] = ()  # of those that are not loaded: who must go first
    ready_at: float = -INFINITY
    idle_since: float = -INFINITY
    usual_gap_seconds: float | None = None  # from the end of a request to the next
    last_dispatch_at: Mapping[str, float] = field(default_factory=dict)  # by key


@dataclass(frozen=True, slots=True)
class State:
    requests: Sequence[Request]  # those that wait, oldest first; who is gone is not among them
    targets: Mapping[str, Target]  # those that are waited for, and their victims
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
class _Gate:
    """What a victim still takes: requests that came before, of keys that rank no higher."""

    before: float = -INFINITY
    highest_rank: float = -INFINITY

    def lets(self, request: Request, rank: float) -> bool:
        return request.arrived_at < self.before and rank <= self.highest_rank


CLOSED: Final = _Gate()


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
        self._gates: dict[str, _Gate] = {}  # by victim
        self._promised: set[str] = set()  # victims that somebody ahead in line counts on

    def run(self) -> Decision:
        for request in self._sweep():
            self._admit(request)
        for name in self._contenders():
            self._make_way(name)
        for name in self._lines:
            if self._state.targets[name].state == "ready":
                self._serve(name, self._state.targets[name])
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
            load = target.load_seconds + self._expected_turn(target)
        # A model that takes long to load can be asked for all the same: only a line is too long.
        load = min(load, self._policy.max_wait_seconds / 2)
        return load + rounds * target.mean_service_seconds

    def _expected_turn(self, target: Target) -> float:
        """How long its victims may go on."""
        turns = [0.0]
        for name in target.victims:
            victim = self._state.targets[name]
            if self._busy[name]:
                turns.append(self._policy.turn.seconds(victim, target))
        return max(turns)

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

    # ------------------------------------------------------------ what to start, what must go
    def _contenders(self) -> list[str]:
        """Targets that wait and are not there: overdue ones by age, then by priority and age."""
        ordered: list[tuple[tuple[float, ...], str]] = []
        for name in self._lines:
            heads = self._heads(name)
            if self._state.targets[name].state == "ready" or not heads:
                continue
            oldest = min(head.arrived_at for head in heads)
            if self._now - oldest >= self._policy.overdue_seconds:
                ordered.append(((0, oldest, 0), name))
            else:
                ordered.append(((1, -self._priority(name), oldest), name))
        return [name for _, name in sorted(ordered)]

    def _heads(self, name: str) -> list[Request]:
        lines = self._lines.get(name, {})
        return [line[0] for key, line in lines.items() if line and self._may_run(key)]

    def _priority(self, name: str) -> int:
        return max((head.priority for head in self._heads(name)), default=0)

    def _make_way(self, name: str) -> None:
        target = self._state.targets[name]
        there = [v for v in target.victims if self._state.targets[v].state == "ready"]
        if target.state == "starting":
            # Its victims are asked to go, and take nothing new meanwhile.
            self._gates.update(dict.fromkeys(there, CLOSED))
            self._promised.update(there)
        elif target.state == "stopping" or not self._promised.isdisjoint(there):
            return
        elif self._now < target.not_before:
            self._wake_at = min(self._wake_at, target.not_before)
        else:
            self._promised.update(there)
            can_go = [self._goes(victim, name) for victim in there]  # each gets its gate
            if all(can_go):
                self._gates.update(dict.fromkeys(there, CLOSED))
                self._actions.append(Start(name))

    def _goes(self, name: str, other: str) -> bool:
        """Whether this victim may be stopped now; sets what it still takes until then."""
        victim, heads, policy = self._state.targets[name], self._heads(other), self._policy
        waits_since = min(head.arrived_at for head in heads)
        began = max(waits_since, victim.ready_at)
        turn_ends = began + self._turn_seconds(name, other)
        if self._now < turn_ends:
            self._wake_at = min(self._wake_at, turn_ends)
            if self._busy[name] or self._heads(name):
                return False
            lingers_until = victim.idle_since + policy.turn.linger_seconds(victim)
            if self._now < lingers_until:
                self._wake_at = min(self._wake_at, lingers_until)
                return False
            return True
        gate = CLOSED
        if self._priority(other) <= 0 and self._now < began + policy.turn.end_seconds:
            self._wake_at = min(self._wake_at, began + policy.turn.end_seconds)
            gate = _Gate(waits_since, min(self._rank[head.key] for head in heads))
        self._gates[name] = gate
        late = any(gate.lets(head, self._rank[head.key]) for head in self._heads(name))
        return not self._busy[name] and not late

    def _turn_seconds(self, name: str, other: str) -> float:
        """Urgent requests wait for no turn, and batches make the others wait for a short one."""
        policy, priority = self._policy.turn, self._priority(other)
        if priority > 0:
            return 0.0
        heads = self._heads(name)
        if priority == 0 and heads and all(head.priority < 0 for head in heads):
            return policy.shortest_seconds
        return policy.seconds(self._state.targets[name], self._state.targets[other])

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
        gate = self._gates.get(name)
        for key, requests in self._lines[name].items():
            if not requests or not self._may_run(key):
                continue
            head = requests[0]
            if gate is not None and not gate.lets(head, self._rank[key]):
                continue
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
