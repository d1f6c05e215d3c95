"""What is kept of what was said, where somebody wants that: without media, without what looks like
a key, and no more than some KiB."""

from __future__ import annotations

from typing import Any, Final

from proxy_app.core.redaction import redacted
from proxy_app.core.streamed import together

OFF: Final = "off"
ERRORS: Final = "errors"
ALL: Final = "all"


class Kept:
    """Of one request while it runs; not the question itself, which may be long."""

    def __init__(self, policy: str, asked: dict[str, Any], most_bytes: int) -> None:
        self._policy = policy
        self._asked, self._is_cut = redacted(asked, most_bytes)
        self._most_bytes = most_bytes
        self._answer = bytearray()

    def add(self, piece: bytes) -> None:
        room = self._most_bytes - len(self._answer)
        self._is_cut = self._is_cut or len(piece) > room
        self._answer += piece[: max(0, room)]

    def is_wanted(self, *, has_failed: bool) -> bool:
        return self._policy == ALL or (self._policy == ERRORS and has_failed)

    def texts(self) -> tuple[str, str, bool]:
        """What was asked, what was answered, and whether one of them is cut. The pieces of a stream
        are put together first: a key may lie in two of them."""
        raw = bytes(self._answer)
        said = together(raw)
        whole = raw.decode("utf-8", "replace") if said is None else said
        answered, is_cut = redacted(whole, self._most_bytes)
        return self._asked, answered, self._is_cut or is_cut
