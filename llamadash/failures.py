"""What a failure leaves behind."""

from __future__ import annotations

import traceback


def let_go(error: BaseException) -> None:
    """Frees what the frames of a failed write hold, at once and in the thread that it belongs to.

    Django's errors and their frames hold each other, and with them a cursor, until the garbage is
    collected: in whatever thread that happens. To free a cursor SQLite waits for its connection,
    and that may wait for another writer by then. Measured: pages that wrote nothing took 5 seconds.
    """
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        traceback.clear_frames(following.__traceback__)
        following = following.__cause__ or following.__context__
