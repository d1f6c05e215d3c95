"""llama-swap's `/api/events`: models, logs and requests as they change, each as far as the holder
may see it. A holder sees its own requests; all of them, and whom they are from, an admin does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import orjson
from django.db.models import Max

from proxy_app.catalogue import Entry
from proxy_app.core import routes
from proxy_app.dialects.call import Call, Said
from proxy_app.dialects.feeds import feed
from proxy_app.dialects.log_streams import readable
from proxy_app.dialects.log_tail import Tail, text
from proxy_app.engines import Seen
from proxy_app.holders import Holder
from proxy_app.models import RequestRecord
from proxy_app.recording import Account
from proxy_app.rows import rows

EVERY_SECONDS: Final = 0.5
HISTORY_LINES: Final = 100
RECORDS_SECONDS: Final = 2.0  # how often it is looked for new records
MOST_RECORDS: Final = 200  # at a time
_STATES: Final = {"ready": "ready", "starting": "starting", "stopping": "stopping"}


async def events(call: Call) -> Said:
    told = _Told(call)
    return Said(events=feed(told.news, EVERY_SECONDS))


class _Told:
    """What one listener knows already."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._tails: dict[str, Tail] = {}
        self._models: list[dict[str, Any]] = []
        self._running: dict[str, dict[str, Any]] = {}
        self._record = 0  # the newest that was told
        self._looked_at = 0.0
        self._has_begun = False

    async def news(self) -> list[bytes]:
        if not self._has_begun:
            self._has_begun = True
            return await self._first()
        found = await self._logs(0)
        models = await self._status()
        if models != self._models:
            self._models = models
            found.append(_frame("modelStatus", models))
        return [*found, *self._requests(), *await self._written()]

    async def _first(self) -> list[bytes]:
        """In llama-swap's order."""
        self._record, self._looked_at = await rows(_newest_record), time.monotonic()
        self._models = await self._status()
        self._running = self._in_flight()
        snapshot = {"operation": "snapshot", "requests": list(self._running.values())}
        return [
            *await self._logs(HISTORY_LINES),
            _frame("modelStatus", self._models),
            _frame("uiConfig", {}),
            _frame("profileChanged", {"active": None}),
            _frame("inflight", snapshot),
        ]

    async def _logs(self, most: int) -> list[bytes]:
        """An engine that is new is followed from its beginning."""
        found = []
        for source in await readable(self._call):
            tail = self._tails.get(source)
            if tail is None:
                tail = self._tails[source] = Tail(source)
                lines = await (tail.begin(most) if most else tail.more())
            else:
                lines = await tail.more()
            if lines:
                kind = "proxy" if tail.is_ours else "upstream"
                found.append(_frame("logData", {"source": kind, "data": text(lines)}))
        return found

    async def _status(self) -> list[dict[str, Any]]:
        gateway, holder = self._call.gateway, self._call.holder
        names = await gateway.catalogue.names()
        await gateway.engines.be_fresh(EVERY_SECONDS)
        seen = gateway.engines.seen
        return [
            _model(entry, seen.get(entry.target))
            for entry in names.entries
            if holder.may_use(entry.model_id)
        ]

    def _in_flight(self) -> dict[str, dict[str, Any]]:
        holder = self._call.holder
        is_admin = "admin" in holder.scopes
        return {
            account.public_id: _request(account, is_admin)
            for account in self._call.gateway.running.values()
            if account.path in routes.FORWARDED and (is_admin or _is_from(account, holder))
        }

    def _requests(self) -> list[bytes]:
        found, now = [], self._in_flight()
        for number, request in now.items():
            if not _is_same(self._running.get(number), request):
                found.append(_frame("inflight", {"operation": "upsert", "request": request}))
        found += [
            _frame("inflight", {"operation": "remove", "id": number})
            for number in self._running.keys() - now.keys()
        ]
        self._running = now
        return found

    async def _written(self) -> list[bytes]:
        if time.monotonic() - self._looked_at < RECORDS_SECONDS:
            return []
        self._looked_at = time.monotonic()
        numbers = await rows(_records, self._call.holder, self._record)
        self._record = max(numbers, default=self._record)
        return [_frame("activity", {"id": number}) for number in numbers]


def _newest_record() -> int:
    return RequestRecord.objects.aggregate(Max("id"))["id__max"] or 0


def _records(holder: Holder, after: int) -> list[int]:
    found = RequestRecord.objects.filter(id__gt=after).order_by("id")
    if "admin" not in holder.scopes:
        found = found.filter(api_key=holder.id, user=holder.user_id)
    return list(found.values_list("id", flat=True)[:MOST_RECORDS])


def _is_from(account: Account, holder: Holder) -> bool:
    """Who needs neither key nor login has none of both."""
    return (account.key_id, account.user_id) == (holder.id, holder.user_id)


def _frame(kind: str, payload: Any) -> bytes:
    """The payload is JSON within a text."""
    said = {"type": kind, "data": orjson.dumps(payload).decode()}
    return b"event:message\ndata:" + orjson.dumps(said) + b"\n\n"


def _model(entry: Entry, seen: Seen | None) -> dict[str, Any]:
    return {
        "id": entry.id,
        "name": entry.name,
        "description": "" if seen is None else seen.reason,
        "state": "stopped" if seen is None else _STATES.get(seen.state, "stopped"),
        "unlisted": False,
        "peerID": "",
        "aliases": list(entry.aliases),
        "context_length": entry.context_length,
    }


def _request(account: Account, is_admin: bool) -> dict[str, Any]:
    """Headers are not kept, of questions as of answers."""
    return {
        "id": account.public_id,
        "timestamp": account.started_at.isoformat(),
        "model": account.model_name,
        "req_path": account.path,
        "method": "POST",
        "req_headers": {},
        "remote_ip": account.client if is_admin else "",
        "resp_headers": {},
        "resp_bytes": account.response_bytes,
        "elapsed_ms": round((time.monotonic() - account.arrived_at) * 1000),
    }


def _is_same(known: Mapping[str, Any] | None, now: Mapping[str, Any]) -> bool:
    """But for its size and its time, which grow all the while: that it has begun is told."""
    if known is None or known["model"] != now["model"]:
        return False
    return bool(known["resp_bytes"]) == bool(now["resp_bytes"])
