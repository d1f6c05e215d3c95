from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from proxy_app.core.scheduler import (
    Act,
    Admit,
    Dispatch,
    Key,
    Policy,
    Reject,
    Request,
    Start,
    State,
    Target,
    decide,
)

POLICY = Policy()


def request(number: int, key: str = "a", at: float = 0.0, *, target: str = "m") -> Request:
    return Request(number, key, target, at, admitted=True)


def acts(
    requests: list[Request],
    target: Target,
    keys: dict[str, Key] | None = None,
    now: float = 1.0,
    policy: Policy = POLICY,
) -> tuple[Act, ...]:
    known = {each.key: Key() for each in requests} | (keys or {})
    return decide(State(requests, {"m": target}, known), now, policy).actions


def served(found: tuple[Act, ...]) -> list[int]:
    return [each.request for each in found if isinstance(each, Dispatch)]


READY = Target("ready")


def test_free_slots_are_filled_in_order() -> None:
    found = acts([request(1), request(2), request(3)], Target("ready", slots=2))
    assert served(found) == [1, 2]


def test_what_does_not_run_is_started_once_for_all_that_wait() -> None:
    assert acts([request(1), request(2)], Target("stopped")) == (Start("m"),)


def test_what_starts_is_waited_for() -> None:
    assert acts([request(1)], Target("starting")) == ()


def test_the_key_that_had_least_comes_first() -> None:
    keys = {"a": Key(usage_seconds=100), "b": Key(usage_seconds=1)}
    assert served(acts([request(1, "a"), request(2, "b")], READY, keys)) == [2]


def test_a_key_of_twice_the_weight_may_have_twice_as_much() -> None:
    keys = {"a": Key(usage_seconds=15, weight=2), "b": Key(usage_seconds=10)}
    assert served(acts([request(1, "a"), request(2, "b")], READY, keys)) == [1]


def test_use_of_long_ago_counts_little() -> None:
    keys = {"a": Key(usage_seconds=100, usage_at=0.0), "b": Key(usage_seconds=10, usage_at=5_900)}
    found = acts([request(1, "a", 6_000), request(2, "b", 6_000)], READY, keys, now=6_000)
    assert served(found) == [1]


def test_an_urgent_request_comes_before_a_batch() -> None:
    batch, urgent = replace(request(1), priority=-1), replace(request(2, "b"), priority=1)
    assert served(acts([batch, urgent], READY)) == [2]


def test_who_has_waited_too_long_comes_before_everybody() -> None:
    old = replace(request(1, "a", 0.0), priority=-1)
    new = replace(request(2, "b", 60.5), priority=1)
    keys = {"a": Key(usage_seconds=1_000)}
    assert served(acts([old, new], READY, keys, now=61.0)) == [1]


def test_a_key_has_no_more_running_than_it_may() -> None:
    keys = {"a": Key(max_running=1)}
    found = acts([request(1), request(2)], Target("ready", slots=4), keys)
    assert served(found) == [1]


def test_one_whose_key_may_run_nothing_starts_nothing() -> None:
    keys = {"a": Key(max_running=1, running=1)}
    assert acts([request(1)], Target("stopped"), keys) == ()


def test_a_failed_model_is_told_to_all_that_wait_for_it() -> None:
    found = acts([request(1), request(2)], Target("failed", failure="why"))
    assert [(each.request, each.status) for each in found if isinstance(each, Reject)] == [
        (1, 503),
        (2, 503),
    ]


def test_who_has_waited_for_ever_is_given_up() -> None:
    (found,) = acts([request(1)], Target("starting"), now=600.0)
    assert found == Reject(1, 503, "waited_too_long", 5)


def new(number: int, key: str = "a") -> Request:
    return Request(number, key, "m", 0.0)


def test_a_line_has_an_end() -> None:
    found = acts([new(1), new(2)], Target("starting"), policy=replace(POLICY, queue_limit=1))
    assert isinstance(found[0], Admit)
    assert found[1] == Reject(2, 429, "queue_full", found[1].retry_after)  # type: ignore[union-attr]


def test_one_key_does_not_fill_the_line() -> None:
    policy = replace(POLICY, key_queue_limit=1)
    found = acts([new(1, "a"), new(2, "a"), new(3, "b")], Target("starting"), policy=policy)
    assert [type(each) for each in found] == [Admit, Reject, Admit]


def test_a_wait_that_would_be_too_long_is_refused_at_once() -> None:
    busy = Target("ready", slots=1, busy=1, mean_service_seconds=400)
    (found,) = acts([new(1)], busy)
    assert found == Reject(1, 429, "wait_too_long", 100)


@st.composite
def states(draw: st.DrawFn) -> tuple[State, float]:
    keys = {name: Key(
        weight=draw(st.floats(0.1, 10)),
        max_running=draw(st.none() | st.integers(0, 3)),
        running=draw(st.integers(0, 3)),
        usage_seconds=draw(st.floats(0, 1e4)),
    ) for name in "abc"}  # fmt: skip
    targets = {name: Target(
        draw(st.sampled_from(["stopped", "starting", "ready", "stopping", "failed"])),
        slots=draw(st.integers(1, 4)),
        busy=draw(st.integers(0, 4)),
        failure=draw(st.sampled_from(["", "", "why"])),
    ) for name in "mn"}  # fmt: skip
    requests = [
        Request(
            number,
            draw(st.sampled_from("abc")),
            draw(st.sampled_from("mn")),
            draw(st.floats(0, 700)),
            draw(st.booleans()),
            draw(st.integers(-1, 1)),
        )
        for number in range(draw(st.integers(0, 12)))
    ]
    return State(requests, targets, keys), draw(st.floats(700, 1300))


@given(states())
def test_every_request_has_one_outcome_at_most(given_state: tuple[State, float]) -> None:
    state, now = given_state
    found = decide(state, now, POLICY).actions
    ended = [each.request for each in found if isinstance(each, Dispatch | Reject)]
    assert len(ended) == len(set(ended))


@given(states())
def test_no_engine_gets_more_than_its_slots(given_state: tuple[State, float]) -> None:
    state, now = given_state
    found = decide(state, now, POLICY).actions
    for name, target in state.targets.items():
        given_slots = sum(isinstance(each, Dispatch) and each.target == name for each in found)
        assert given_slots <= max(0, target.slots - target.busy)
        assert not given_slots or target.state == "ready"


@given(states())
def test_the_same_state_leads_to_the_same_decision(given_state: tuple[State, float]) -> None:
    state, now = given_state
    assert decide(state, now, POLICY) == decide(state, now, POLICY)


@given(states())
def test_it_wakes_later_than_now(given_state: tuple[State, float]) -> None:
    state, now = given_state
    assert decide(state, now, POLICY).wake_at > now
