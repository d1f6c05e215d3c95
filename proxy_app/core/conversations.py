"""At which message a prompt left the one before it: from there on the engine's cache is of no use.

Each message has a hash of itself and all before it. A prompt belongs to the conversation with which
it shares the longest beginning, if that holds a message of the user.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson

MOST_MESSAGES: Final = 2_000
MOST_KEPT: Final = 20_000  # hashes, of all conversations


@dataclass(frozen=True, slots=True)
class Shared:
    """`left_at` is the number, from 1, of the first message that differs from the one that stood
    there before; None where the prompt only goes on."""

    messages: int
    left_at: int | None


def messages_of(said: Mapping[str, Any]) -> list[Any]:
    """With what stands before them in some dialects."""
    given = said.get("messages")
    if not isinstance(given, list):
        given = said.get("input")
    if not isinstance(given, list) or len(given) > MOST_MESSAGES:
        return []
    before = said.get("system") or said.get("instructions")
    return [{"role": "system", "content": before}, *given] if before else given


def prefix_hashes(messages: Sequence[Any]) -> list[bytes]:
    found, digest = [], blake2b(digest_size=12)
    for each in messages:
        digest.update(orjson.dumps(each, option=orjson.OPT_SORT_KEYS))
        found.append(digest.copy().digest())
    return found


def _first_of_user(messages: Sequence[Any]) -> int:
    """Its number, from 1; more than there are where there is none."""
    for number, each in enumerate(messages, 1):
        if isinstance(each, dict) and each.get("role") == "user":
            return number
    return len(messages) + 1


class Conversations:
    """What was asked of late, by whom and of which model; what is asked least goes."""

    def __init__(self) -> None:
        # Whose, and the hash of a beginning -> how many messages the latest such prompt had.
        self._kept: OrderedDict[tuple[object, bytes], int] = OrderedDict()

    def note(self, whose: object, said: Mapping[str, Any]) -> Shared | None:
        """None where it begins a conversation, or has no messages."""
        messages = messages_of(said)
        if not messages:
            return None
        hashes = prefix_hashes(messages)
        shared = self._shared(whose, hashes, _first_of_user(messages))
        for each in hashes:
            self._kept[whose, each] = len(hashes)
            self._kept.move_to_end((whose, each))
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return shared

    def _shared(self, whose: object, hashes: list[bytes], least: int) -> Shared | None:
        for number in range(len(hashes), least - 1, -1):
            before = self._kept.get((whose, hashes[number - 1]))
            if before is not None:
                left_at = number + 1 if before > number and len(hashes) > number else None
                return Shared(number, left_at)
        return None
