"""Why a socket is closed: the codes that browsers see."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final


class Closing(Enum):
    """The code, and the words for it."""

    GOING_AWAY = 1001, "the server stops"
    ABUSE = 1008, "too many bad frames"
    TOO_FAST = 1008, "too many frames"
    TOO_BIG = 1009, "frame too big"
    RIGHTS_CHANGED = 1012, "the account's rights changed: connect again"
    SILENT = 1013, "frames are not acknowledged"
    BLOCKED = 1013, "frames are not read"
    FULL = 1013, "too many clients"
    FULL_FOR_USER = 1013, "too many sockets of this account"
    BUSY = 1013, "the database is busy"
    SESSION_ENDED = 4401, "log in again"

    @property
    def reason(self) -> str:
        return str(self.value[1])


# Daphne refuses to send the standard codes; from 4000 on they are for applications to choose.
DAPHNE_OFFSET: Final = 3000


def close_message(closing: Closing, *, standard_codes: bool) -> dict[str, Any]:
    code = int(closing.value[0])
    if not standard_codes and code < DAPHNE_OFFSET:
        code += DAPHNE_OFFSET
    return {"type": "websocket.close", "code": code, "reason": closing.reason}
