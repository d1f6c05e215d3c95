"""Models that do not fit beside each other take turns."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_app.core.scheduler import (
    Act,
    Decision,
    Dispatch,
    Key,
    Policy,
    Request,
    Start,
    State,
    Target,
    decide,
)

POLICY = Policy()
# Loads of 10 s each: a turn of 40 s.
READY = Target("ready", load_seconds=10, slots=1)
WANTED = Target("stopped", load_seconds=10, victims=("old",))


def request(
    number: int, target: str, at: float = 0.0, key: str = "a", priority: int = 0
) -> Request:
    return Request(number, key, target, at, admitted=True, priority=priority)


def decided(
    requests: list[Request],
    now: float,
    *,
    old: Target = READY,
    new: Target = WANTED,
    keys: dict[str, Key] | None = None,
) -> Decision:
    known = {each.key: Key() for each in requests} | (keys or {})
    return decide(State(requests, {"old": old, "new": new}, known), now, POLICY)


def served(found: tuple[Act, ...]) -> list[int]:
    return [each.request for each in found if isinstance(each, Dispatch)]


def starts(found: tuple[Act, ...]) -> list[str]:
    return [each.target for each in found if isinstance(each, Start)]


def test_one_that_is_idle_makes_way_at_once() -> None:
    assert starts(decided([request(1, "new")], 1.0).actions) == ["new"]


def test_one_that_answers_is_waited_for() -> None:
    found = decided([request(1, "new")], 1.0, old=replace(READY, busy=1))
    assert starts(found.actions) == []
    assert found.wake_at == 40.0


def test_one_that_is_in_use_keeps_its_turn() -> None:
    found = decided([request(1, "new"), request(2, "old", 20.0)], 21.0)
    assert served(found.actions) == [2]
    assert starts(found.actions) == []


def test_after_its_turn_it_takes_nothing_that_came_later() -> None:
    found = decided([request(1, "new"), request(2, "old", 39.0)], 41.0)
    assert served(found.actions) == []
    assert starts(found.actions) == ["new"]


def test_after_its_turn_it_takes_what_came_before() -> None:
    found = decided([request(1, "new", 1.0), request(2, "old", 0.5)], 42.0)
    assert served(found.actions) == [2]
    assert starts(found.actions) == []


def test_what_came_before_is_no_matter_for_a_key_that_had_more() -> None:
    keys = {"greedy": Key(usage_seconds=50)}
    requests = [request(1, "new", 1.0), request(2, "old", 0.5, "greedy")]
    assert starts(decided(requests, 42.0, keys=keys).actions) == ["new"]


def test_after_two_minutes_it_takes_nothing_at_all() -> None:
    found = decided([request(1, "new", 1.0), request(2, "old", 0.5)], 121.5)
    assert served(found.actions) == []


def test_its_turn_begins_when_it_is_ready() -> None:
    old = replace(READY, ready_at=100.0)
    found = decided([request(1, "new"), request(2, "old", 90.0)], 130.0, old=old)
    assert served(found.actions) == [2]


def test_a_batch_makes_others_wait_for_a_short_turn() -> None:
    batch = request(2, "old", 5.5, priority=-1)
    found = decided([request(1, "new"), batch], 6.0)
    assert served(found.actions) == []
    assert starts(found.actions) == ["new"]


def test_what_is_urgent_waits_for_no_turn() -> None:
    urgent = request(1, "new", 1.0, priority=1)
    found = decided([urgent, request(2, "old", 0.5)], 1.5)
    assert served(found.actions) == []
    assert starts(found.actions) == ["new"]


def test_one_whose_client_tends_to_come_back_at_once_is_kept_for_a_moment() -> None:
    old = replace(READY, idle_since=10.0, usual_gap_seconds=0.5)
    found = decided([request(1, "new", 9.0)], 11.0, old=old)
    assert starts(found.actions) == []
    assert found.wake_at == 12.0
    assert starts(decided([request(1, "new", 9.0)], 12.0, old=old).actions) == ["new"]


def test_one_that_makes_way_takes_nothing_while_the_other_starts() -> None:
    starting = replace(WANTED, state="starting")
    found = decided([request(1, "new"), request(2, "old", 0.5)], 1.0, new=starting)
    assert served(found.actions) == []


def test_a_start_that_found_no_room_waits_before_the_next() -> None:
    found = decided([request(1, "new")], 1.0, new=replace(WANTED, not_before=3.0))
    assert starts(found.actions) == []
    assert found.wake_at == 3.0


def test_two_that_need_the_same_memory_do_not_both_count_on_it() -> None:
    targets = {"old": READY, "new": WANTED, "other": WANTED}
    requests = [request(1, "other", 2.0), request(2, "new", 1.0)]
    found = decide(State(requests, targets, {"a": Key()}), 3.0, POLICY)
    assert starts(found.actions) == ["new"]


class World:
    """Memory for one of several models, and time that is only counted."""

    LOAD = 5.0

    def __init__(self, arrivals: list[tuple[float, str, str, float]]) -> None:
        self.coming = sorted(arrivals)
        self.seconds = {n: each[3] for n, each in enumerate(self.coming)}
        self.requests: dict[int, Request] = {}
        self.running: dict[int, tuple[str, float]] = {}
        self.loaded, self.ready_at = "", 0.0
        self.loading = ""
        self.waits: list[float] = []
        self.now = 0.0
        self.next = 0

    def run(self) -> None:
        while self.next < len(self.coming) or self.requests or self.running:
            assert self.now < 1e6, "somebody waits for ever"
            self.step()

    def step(self) -> None:
        while self.next < len(self.coming) and self.coming[self.next][0] <= self.now:
            at, key, target, _ = self.coming[self.next]
            self.requests[self.next] = Request(self.next, key, target, at, admitted=True)
            self.next += 1
        for number, (_, until) in list(self.running.items()):
            if until <= self.now:
                del self.running[number]
        if self.loading and self.ready_at <= self.now:
            self.loaded, self.loading = self.loading, ""
        decision = decide(self.state(), self.now, POLICY)
        for action in decision.actions:
            self.act(action)
        events = [until for _, until in self.running.values()]
        events += [self.ready_at] if self.loading else []
        events += [self.coming[self.next][0]] if self.next < len(self.coming) else []
        self.now = max(self.now, min([decision.wake_at, *events]))

    def state(self) -> State:
        names = {each.target for each in self.requests.values()} | {self.loaded or "m0"}
        keys = {each.key: Key() for each in self.requests.values()}
        return State(
            list(self.requests.values()), {name: self.target(name) for name in names}, keys
        )

    def target(self, name: str) -> Target:
        busy = sum(target == name for target, _ in self.running.values())
        there = (self.loaded,) if self.loaded not in ("", name) else ()
        if name == self.loaded:
            return Target("ready", busy=busy, load_seconds=self.LOAD, ready_at=self.ready_at)
        state = "starting" if name == self.loading else "stopped"
        # One at a time: who loads can be asked to go when it is loaded.
        others = (self.loading,) if self.loading not in ("", name) else ()
        not_before = self.ready_at if others else 0.0
        return Target(
            state,  # type: ignore[arg-type]
            load_seconds=self.LOAD,
            victims=there,
            not_before=not_before,
        )

    def act(self, action: Act) -> None:
        if isinstance(action, Start):
            assert not self.running, "something that answers was stopped"
            if self.loading:  # two were asked to start: there is no room for the second
                return
            self.loaded, self.loading = "", action.target
            self.ready_at = self.now + self.LOAD
        if isinstance(action, Dispatch):
            request = self.requests.pop(action.request)
            assert request.target == self.loaded
            self.running[request.id] = (self.loaded, self.now + self.seconds[request.id])
            self.waits.append(self.now - request.arrived_at)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 600), st.sampled_from("abc"), st.sampled_from(["m0", "m1", "m2"]),
            st.floats(0.1, 8),
        ),
        max_size=40,
    )
)  # fmt: skip
def test_everybody_is_served_and_nothing_that_answers_is_stopped(
    arrivals: list[tuple[float, str, str, float]],
) -> None:
    world = World(arrivals)
    world.run()
    assert len(world.waits) == len(arrivals)
    # Three models: the turns of the two others, their loads and its own backlog.
    assert max(world.waits, default=0.0) <= 60 + 3 * (120 + 8 + 5) + sum(
        seconds for *_, seconds in arrivals
    )


def test_a_steady_stream_for_one_model_does_not_starve_another() -> None:
    stream = [(float(n), "a", "m0", 1.5) for n in range(300)]
    world = World([*stream, (30.0, "b", "m1", 1.0)])
    order: list[int] = []
    act = world.act

    def noted(action: Act) -> None:
        if isinstance(action, Dispatch) and world.requests[action.request].target == "m1":
            order.append(int(world.now - 30.0))
        act(action)

    world.act = noted  # type: ignore[method-assign]
    world.run()
    assert order
    assert order[0] <= 130


def test_two_clients_that_alternate_swap_less_than_they_ask() -> None:
    dice = random.Random(1)
    arrivals = [(n * 2.0, "ab"[n % 2], f"m{n % 2}", dice.uniform(0.2, 0.8)) for n in range(200)]
    world = World(arrivals)
    starts_seen = 0
    act = world.act

    def noted(action: Act) -> None:
        nonlocal starts_seen
        starts_seen += isinstance(action, Start)
        act(action)

    world.act = noted  # type: ignore[method-assign]
    world.run()
    assert 2 <= starts_seen <= 100
