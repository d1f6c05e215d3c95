"""Who asks: the holders of keys, from a table in memory that is never older than five seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Final

from django.utils import timezone

from proxy_app.core import api_keys
from proxy_app.core.errors import GatewayError
from proxy_app.fresh import Fresh
from proxy_app.models import ApiKey, KeyMonth
from proxy_app.rows import rows

FRESH_SECONDS: Final = 2.0
MOST_SECONDS: Final = 5.0  # while the database hangs
# A key that is not in the table may be new; but guessing must not keep the database busy.
AGAIN_SECONDS: Final = 0.5
USED_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Holder:
    """What a key allows. `id` is None for those who need none."""

    id: int | None
    name: str = ""
    digest: str = ""
    scopes: frozenset[str] = frozenset({"infer", "read", "operate"})
    llama_models: frozenset[int] | None = None  # None: all
    expires_at: float | None = None  # seconds since the epoch
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_month: int | None = None
    max_running: int | None = None
    weight: float = 1.0
    priority: int = 0
    capture: str = ""  # "": as the setting says
    tokens_this_month: int = 0
    user_id: int | None = None  # of a login, which needs no key

    @property
    def line_key(self) -> str:
        if self.user_id is not None:
            return f"user {self.user_id}"
        return "" if self.id is None else str(self.id)

    def may_use(self, model_id: int) -> bool:
        return self.llama_models is None or model_id in self.llama_models


NOBODY: Final = Holder(None)


class Holders:
    def __init__(self) -> None:
        first: dict[str, Holder] = {}
        self._known = Fresh(partial(rows, _holders), first)  # by the public part of their key

    async def of(self, key: str) -> Holder:
        """Raises GatewayError 401."""
        public_id = api_keys.public_id(key)
        holder = (await self._known.within(FRESH_SECONDS, MOST_SECONDS)).get(public_id or "")
        if holder is None and public_id is not None:
            holder = (await self._known.within(AGAIN_SECONDS)).get(public_id)
        if holder is None or not api_keys.is_same(key, holder.digest):
            raise _wrong("The API key is wrong.")
        if holder.expires_at is not None and holder.expires_at <= time.time():
            raise _wrong("The API key has expired.")
        return holder

    def forget(self) -> None:
        """A key was changed in this process: the next request reads them anew."""
        self._known.forget()


def _holders() -> dict[str, Holder]:
    keys = ApiKey.objects.filter(enabled=True).prefetch_related("llama_models")
    this_month = KeyMonth.objects.filter(month=month_of(timezone.now()))
    tokens = dict(this_month.values_list("api_key_id", "tokens"))
    return {key.public_id: _holder(key, tokens) for key in keys}


def month_of(moment: datetime) -> date:
    """Its first day, in UTC."""
    return moment.astimezone(UTC).date().replace(day=1)


def _holder(key: ApiKey, tokens: Mapping[int, int]) -> Holder:
    models = frozenset(model.pk for model in key.llama_models.all())
    return Holder(
        id=key.pk,
        name=key.name,
        digest=key.digest,
        scopes=frozenset(key.scopes),
        llama_models=models if models or key.limited else None,
        expires_at=None if key.expires_at is None else key.expires_at.timestamp(),
        requests_per_minute=key.requests_per_minute,
        tokens_per_minute=key.tokens_per_minute,
        tokens_per_month=key.tokens_per_month,
        max_running=key.max_running,
        weight=max(0.01, key.weight),
        priority=key.priority,
        capture=key.capture,
        tokens_this_month=tokens.get(key.pk, 0),
    )


_used_at: Final[dict[int, float]] = {}  # monotonic; of the one thread that writes


def used(key_ids: set[int]) -> None:
    """Notes when keys were last used; of each once a minute."""
    now = time.monotonic()
    due = {key for key in key_ids if now - _used_at.get(key, -USED_SECONDS) >= USED_SECONDS}
    if due:
        ApiKey.objects.filter(pk__in=due).update(last_used_at=timezone.now())
        _used_at.update(dict.fromkeys(due, now))


def _wrong(message: str) -> GatewayError:
    return GatewayError(401, "invalid_api_key", message)
