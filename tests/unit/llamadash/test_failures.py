from __future__ import annotations

import gc
import weakref

from llamadash.failures import let_go


class Held:
    """Stands for a cursor: whoever frees it waits."""


def fails(seen: list[weakref.ref[Held]], *, chained: bool) -> None:
    held = Held()
    seen.append(weakref.ref(held))
    try:
        if chained:
            fails(seen, chained=False)
        raise ValueError("first")
    except ValueError as error:
        found = RuntimeError(str(error))
        raise found from error  # its frame holds it, and it holds its frame


def test_what_the_frames_of_a_failure_held_is_free_without_a_collection() -> None:
    seen: list[weakref.ref[Held]] = []
    gc.disable()
    try:
        try:
            fails(seen, chained=False)
        except RuntimeError as error:
            let_go(error)
        assert [each() for each in seen] == [None]
    finally:
        gc.enable()


def test_the_failures_behind_it_are_let_go_too() -> None:
    seen: list[weakref.ref[Held]] = []
    gc.disable()
    try:
        try:
            fails(seen, chained=True)
        except RuntimeError as error:
            let_go(error)
        assert [each() for each in seen] == [None, None]
    finally:
        gc.enable()
