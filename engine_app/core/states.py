"""What an engine is seen to be, and which changes of that there are."""

from __future__ import annotations

from typing import Final

STOPPED: Final = "stopped"
STARTING: Final = "starting"
LOADING: Final = "loading"
READY: Final = "ready"
SLEEPING: Final = "sleeping"
STOPPING: Final = "stopping"
FAILED: Final = "failed"

# A process may end at any moment, so stopped and failed can follow whatever has one.
NEXT: Final[dict[str, frozenset[str]]] = {
    STOPPED: frozenset({STARTING}),
    STARTING: frozenset({LOADING, READY, STOPPING, STOPPED, FAILED}),
    LOADING: frozenset({READY, STOPPING, STOPPED, FAILED}),
    READY: frozenset({SLEEPING, STOPPING, STOPPED, FAILED}),
    SLEEPING: frozenset({READY, STOPPING, STOPPED, FAILED}),
    # Ready again: it waited for its last requests when we died, and our successor wants it still.
    STOPPING: frozenset({READY, STOPPED, FAILED}),
    FAILED: frozenset({STARTING, STOPPED}),
}
STATES: Final = tuple(NEXT)
AT_REST: Final = (STOPPED, FAILED)
ALIVE: Final = tuple(state for state in STATES if state not in AT_REST)
SERVING: Final = (READY, SLEEPING)


class TransitionError(ValueError):
    """A change that the table does not have: a mistake in this program."""


def sources(target: str) -> tuple[str, ...]:
    """The states from which `target` may come."""
    found = tuple(state for state, following in NEXT.items() if target in following)
    if not found:
        raise TransitionError(f"there is no state {target!r}")
    return found


def check(source: str, target: str) -> None:
    if target not in NEXT.get(source, ()):
        raise TransitionError(f"an engine cannot go from {source!r} to {target!r}")
