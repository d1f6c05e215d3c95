"""What the gateway of this process answers now, for pages and the API, which run in other threads.

What belongs to an event loop is looked at on that loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from proxy_app import gateway
from proxy_app.core import routes
from proxy_app.recording import Account

T = TypeVar("T")
Phase = Literal["arriving", "queued", "working", "answering"]
# A loop that is so late is told nothing more: a page must come.
WAIT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class InFlight:
    """One request as it was a moment ago. Seconds are since it arrived; None: not yet."""

    public_id: str
    started_at: datetime
    key_id: int | None
    key_name: str
    user_id: int | None
    client: str
    model_name: str
    model_id: int | None
    engine_id: int | None
    dialect: str
    path: str
    is_stream: bool
    phase: Phase
    seconds: float
    queue_seconds: float | None
    first_byte_seconds: float | None
    response_bytes: int


def in_flight() -> list[InFlight]:
    """Newest first."""
    found = [each for one in _on_every_loop(_running) for each in one]
    return sorted(found, key=lambda each: each.started_at, reverse=True)


def cancel(public_id: str) -> bool:
    """Ends a request with an error that says so. False: it has ended already."""
    return any(_on_every_loop(lambda each: _cancelled(each, public_id)))


def _running(of: gateway.Gateway) -> list[InFlight]:
    now = time.monotonic()
    return [_seen(each, now) for each in of.running.values() if each.path in routes.FORWARDED]


def _cancelled(of: gateway.Gateway, public_id: str) -> bool:
    exchange = of.exchanges.get(public_id)
    if exchange is None:
        return False
    exchange.cancel()
    return True


def _seen(account: Account, now: float) -> InFlight:
    return InFlight(
        public_id=account.public_id,
        started_at=account.started_at,
        key_id=account.key_id,
        key_name=account.key_name,
        user_id=account.user_id,
        client=account.client,
        model_name=account.model_name,
        model_id=account.model_id,
        engine_id=account.engine_id,
        dialect=account.dialect,
        path=account.path,
        is_stream=account.is_stream,
        phase=_phase(account),
        seconds=now - account.arrived_at,
        queue_seconds=account.since_arrival(account.served_at),
        first_byte_seconds=account.since_arrival(account.first_byte_at),
        response_bytes=account.response_bytes,
    )


def _phase(account: Account) -> Phase:
    if account.first_byte_at is not None:
        return "answering"
    if account.served_at is not None:
        return "working"
    return "arriving" if account.model_id is None else "queued"


def _on_every_loop(look: Callable[[gateway.Gateway], T]) -> list[T]:
    waiting = []
    for loop, of in gateway.gateways():
        if loop is _own_loop():
            done: Future[T] = Future()
            done.set_result(look(of))
            waiting.append(done)
        elif (asked := _asked(loop, of, look)) is not None:
            waiting.append(asked)
    end = time.monotonic() + WAIT_SECONDS
    found = []
    for each in waiting:
        try:
            found.append(each.result(max(0.0, end - time.monotonic())))
        except TimeoutError:
            continue
    return found


def _asked(
    loop: asyncio.AbstractEventLoop, of: gateway.Gateway, look: Callable[[gateway.Gateway], T]
) -> Future[T] | None:
    if not loop.is_running():
        return None
    answer: Future[T] = Future()

    def answered() -> None:
        if answer.set_running_or_notify_cancel():
            try:
                answer.set_result(look(of))
            except Exception as error:
                answer.set_exception(error)

    try:
        loop.call_soon_threadsafe(answered)
    except RuntimeError:  # it was closed in this very moment
        return None
    return answer


def _own_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def visible_to(user: Any) -> list[InFlight]:
    """All of them for the staff; others see what they ask themselves."""
    found = in_flight()
    if user.is_staff:
        return found
    key = getattr(user, "api_key", None)  # of a program that asks the management API
    if key is not None:
        return [each for each in found if each.key_id == key.pk]
    return [each for each in found if user.pk is not None and each.user_id == user.pk]
