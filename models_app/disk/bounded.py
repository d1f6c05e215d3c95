"""Questions to a disk that may never answer."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, ask: Callable[[], T], unanswered: T) -> T:
    """What `ask` returns, or `unanswered` when it takes longer; its thread is then left behind.

    A call that hangs in the kernel cannot be ended, and must not hold the one who asks.
    """
    answers: list[T] = []
    thread = threading.Thread(
        target=lambda: answers.append(ask()), name="disk-question", daemon=True
    )
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else unanswered


def real_paths(paths: Iterable[str], seconds: float) -> dict[str, str]:
    """Each path with links resolved; as it is where its disk does not answer in time."""
    found = {path: path for path in paths}

    def resolve() -> None:
        for path in list(found):
            found[path] = os.path.realpath(path)

    within(seconds, resolve, None)
    return dict(found)
