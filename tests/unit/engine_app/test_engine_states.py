from __future__ import annotations

import pytest

from engine_app.core import states


def test_every_state_can_be_reached_and_left() -> None:
    reached = {state for following in states.NEXT.values() for state in following}
    assert reached == set(states.STATES)
    assert all(states.NEXT.values())


def test_whatever_has_a_process_can_end_at_any_moment() -> None:
    for state in states.ALIVE:
        states.check(state, states.FAILED)
        states.check(state, states.STOPPED)


@pytest.mark.parametrize(
    ("source", "target"),
    [("stopped", "ready"), ("failed", "ready"), ("stopping", "loading"), ("ready", "loading")],
)
def test_nothing_is_skipped_and_nothing_goes_backwards(source: str, target: str) -> None:
    with pytest.raises(states.TransitionError, match=f"'{source}' to '{target}'"):
        states.check(source, target)


def test_only_one_at_rest_can_start() -> None:
    assert set(states.sources("starting")) == set(states.AT_REST)


def test_a_state_that_there_is_not_is_a_mistake() -> None:
    with pytest.raises(states.TransitionError, match="no state 'gone'"):
        states.sources("gone")
