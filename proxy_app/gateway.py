"""The gateway: one address for every model, answered before Django sees the request."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from functools import partial

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.utils import timezone

from proxy_app import key_making, routing_editing
from proxy_app.access import Limits
from proxy_app.catalogue import Catalogue
from proxy_app.core import routes
from proxy_app.core.conversations import Conversations
from proxy_app.engines import Engines
from proxy_app.exchange import Exchange
from proxy_app.figures import figures
from proxy_app.fresh import Fresh
from proxy_app.holders import Holders
from proxy_app.line import Line
from proxy_app.options import Values, values
from proxy_app.recording import Account, Recorder
from proxy_app.routing import Routing
from proxy_app.rows import rows
from proxy_app.session_access import Sessions
from proxy_app.upstream import Upstream


class Gateway:
    """What one event loop's requests share. Nothing runs before the first of them."""

    def __init__(self) -> None:
        self.holders = Holders()
        self.sessions = Sessions()
        self.catalogue = Catalogue()
        self.engines = Engines()
        self.routing = Routing()
        self.conversations = Conversations()
        self.limits = Limits()
        self.values = Fresh(partial(rows, values), Values())
        self.line = Line(self.engines, self.values)
        self.upstream = Upstream()
        self.recorder = Recorder()
        self.running: dict[str, Account] = {}
        self.exchanges: dict[str, Exchange] = {}
        loop = asyncio.get_running_loop()
        key_making.when_changed(lambda: _soon(loop, self.holders.forget))
        routing_editing.when_changed(lambda: _soon(loop, self.routing.forget))

    async def answer(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        account = _account(scope)
        exchange = Exchange(self, scope, receive, send, account)
        account.dialect = exchange.dialect
        self.running[account.public_id] = account
        self.exchanges[account.public_id] = exchange
        try:
            await exchange.run()
        finally:
            del self.running[account.public_id], self.exchanges[account.public_id]
            account.ended_at = time.monotonic()
            if scope["path"] in routes.FORWARDED:
                figures.count(account)
                self.recorder.add(account)

    async def close(self) -> None:
        await self.line.close()
        await self.upstream.close()
        await self.recorder.close()


def _account(scope: HTTPScope) -> Account:
    client = scope.get("client")
    return Account(
        public_id=secrets.token_hex(10),
        started_at=timezone.now(),
        arrived_at=time.monotonic(),
        client=client[0] if client else "",
        path=scope["path"],
        dialect="",
    )


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)


_gateways: dict[asyncio.AbstractEventLoop, Gateway] = {}


def gateway() -> Gateway:
    """Of the running loop."""
    loop = asyncio.get_running_loop()
    found = _gateways.get(loop)
    if found is None:
        for ended in [each for each in _gateways if each.is_closed()]:
            del _gateways[ended]
        found = _gateways[loop] = Gateway()
    return found


def gateways() -> list[tuple[asyncio.AbstractEventLoop, Gateway]]:
    """Of all loops of this process; from any thread."""
    return list(_gateways.items())


def accounts() -> list[Account]:
    """Of what runs now, in all loops; from any thread."""
    return [account for each in list(_gateways.values()) for account in list(each.running.values())]


async def close() -> None:
    """Writes what waits to be written; for the end of the loop that the gateway belongs to."""
    found = _gateways.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.close()


def engine_changed() -> None:
    """An engine was seen to change, by the supervisor of this process; on its loop's thread."""
    found = _gateways.get(asyncio.get_running_loop())
    if found is not None:
        found.line.engines_changed()
