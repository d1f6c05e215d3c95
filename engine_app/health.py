"""Short questions to an engine, over loopback. Every answer is bounded in time and size."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import Any, Final

HOST: Final = "127.0.0.1"
MOST_HEAD_BYTES: Final = 16 << 10
MOST_BODY_BYTES: Final = 1 << 20


class NotListening(Exception):
    """Nobody listens on the port."""


class NoAnswer(Exception):
    """Somebody listens and does not answer, or not as an engine does."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes

    @property
    def is_ok(self) -> bool:
        return self.status == 200

    @property
    def is_loading(self) -> bool:
        return self.status == 503

    def json(self) -> Any:
        """None when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # of too many brackets
            return None


async def get(port: int, path: str, *, key: str = "", seconds: float = 5.0) -> Reply:
    """Raises NotListening or NoAnswer."""
    try:
        async with asyncio.timeout(seconds):
            return await _get(port, path, key)
    except TimeoutError:
        raise NoAnswer("no answer in time") from None
    except ConnectionRefusedError:
        raise NotListening from None
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error


async def _get(port: int, path: str, key: str) -> Reply:
    reader, writer = await asyncio.open_connection(HOST, port, limit=MOST_HEAD_BYTES)
    try:
        authorization = f"Authorization: Bearer {key}\r\n" if key else ""
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\n{authorization}"
            "Accept: */*\r\nConnection: close\r\n\r\n".encode()
        )
        status, length = _head(await reader.readuntil(b"\r\n\r\n"))
        return Reply(status, await reader.readexactly(length))
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _head(head: bytes) -> tuple[int, int]:
    """Status and length of the body. Engines say the length of everything that is asked here."""
    first, *lines = head.decode("latin-1").split("\r\n")
    protocol, _, rest = first.partition(" ")
    if not protocol.startswith("HTTP/1."):
        raise ValueError("not an HTTP answer")
    fields = {name.strip().lower(): value for name, _, value in (x.partition(":") for x in lines)}
    length = int(fields.get("content-length", "0"))
    if not 0 <= length <= MOST_BODY_BYTES:
        raise ValueError("an answer that is too long")
    return int(rest[:3]), length


async def busy_slots(port: int, key: str, *, seconds: float = 2.0) -> int | None:
    """How many requests it works on; None when it does not say."""
    try:
        reply = await get(port, "/slots", key=key, seconds=seconds)
    except (NotListening, NoAnswer):
        return None
    slots = reply.json()
    if not reply.is_ok or not isinstance(slots, list):
        return None
    return sum(1 for slot in slots if isinstance(slot, dict) and slot.get("is_processing") is True)


async def is_sleeping(port: int, key: str, *, seconds: float = 5.0) -> bool | None:
    """Whether it has unloaded its model by itself; asking does not wake it. None: not known."""
    try:
        properties = (await get(port, "/props", key=key, seconds=seconds)).json()
    except (NotListening, NoAnswer):
        return None
    found = properties.get("is_sleeping") if isinstance(properties, dict) else None
    return found if isinstance(found, bool) else None
