"""What is kept of what was said, where somebody wants that: without media, without what looks like
a key, and no more than some KiB."""

from __future__ import annotations

from typing import Any, Final

from proxy_app.core.redaction import redacted

OFF: Final = "off"
ERRORS: Final = "errors"
ALL: Final = "all"


class Kept:
    """Of one request while it runs."""

    def __init__(self, policy: str, asked: dict[str, Any], most_bytes: int) -> None:
        self._policy = policy
        self._asked = asked
        self._most_bytes = most_bytes
        self._answer = bytearray()
        self._is_cut = False

    def add(self, piece: bytes) -> None:
        room = self._most_bytes - len(self._answer)
        self._is_cut = self._is_cut or len(piece) > room
        self._answer += piece[: max(0, room)]

    def is_wanted(self, *, has_failed: bool) -> bool:
        return self._policy == ALL or (self._policy == ERRORS and has_failed)

    def texts(self) -> tuple[str, str, bool]:
        """What was asked, what was answered, and whether one of them is cut."""
        asked, asked_is_cut = redacted(self._asked, self._most_bytes)
        answered, _ = redacted(bytes(self._answer).decode("utf-8", "replace"), self._most_bytes)
        return asked, answered, self._is_cut or asked_is_cut
