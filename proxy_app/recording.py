"""Writes what was asked of the gateway: in batches, off the way of requests."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Final

from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Model

from models_app.models import LlamaModel
from proxy_app import holders
from proxy_app.capturing import Kept
from proxy_app.core.answers import Spent
from proxy_app.models import ApiKey, KeyMonth, RequestCapture, RequestRecord
from proxy_app.rows import written

logger = logging.getLogger(__name__)
EVERY_SECONDS: Final = 0.5
MOST_PENDING: Final = 10_000
MOST_BATCH: Final = 500


@dataclass(slots=True)
class Account:
    """What is known of one request while it runs. Times are seconds on one monotonic clock."""

    public_id: str
    started_at: datetime
    arrived_at: float
    client: str
    path: str
    dialect: str
    key_id: int | None = None
    key_name: str = ""
    user_id: int | None = None  # of a login
    model_name: str = ""
    model_id: int | None = None
    engine_id: int | None = None
    status: int = 0
    is_stream: bool = False
    error_code: str = ""
    error: str = ""
    served_at: float | None = None
    first_byte_at: float | None = None
    ended_at: float | None = None
    request_bytes: int = 0
    response_bytes: int = 0
    spent: Spent = field(default_factory=Spent)
    shared_messages: int | None = None
    left_at_message: int | None = None
    kept: Kept | None = None
    n_events: int = 0  # of a stream, that were sent

    @property
    def tokens(self) -> int:
        """What counts for the limits of its key. Who leaves before the engine has told its figures
        is counted by what came: an event is a token, or several."""
        spent = self.spent
        generated = spent.generated_tokens
        if generated is None:
            generated = max(self.n_events, spent.n_noted)
        return (spent.prompt_tokens or 0) + generated

    def capture(self) -> RequestCapture | None:
        """Of its bodies, if they are to be kept."""
        if self.kept is None or not self.kept.is_wanted(has_failed=bool(self.error_code)):
            return None
        asked, answered, is_cut = self.kept.texts()
        return RequestCapture(asked=asked, answered=answered, is_cut=is_cut)

    def row(self) -> RequestRecord:
        spent = asdict(self.spent)
        del spent["has_timings"], spent["n_noted"]
        return RequestRecord(
            public_id=self.public_id,
            started_at=self.started_at,
            api_key_id=self.key_id,
            key_name=self.key_name,
            user_id=self.user_id,
            client=self.client,
            model_name=self.model_name,
            llama_model_id=self.model_id,
            engine_id=self.engine_id,
            dialect=self.dialect,
            path=self.path[:100],
            status=self.status,
            is_stream=self.is_stream,
            # An engine's own refusal has no name of ours.
            error_code=self.error_code or ("engine" if self.status >= 400 else ""),
            error=self.error[:2000],
            queue_seconds=self.since_arrival(self.served_at),
            first_byte_seconds=self.since_arrival(self.first_byte_at),
            total_seconds=self.since_arrival(self.ended_at),
            request_bytes=self.request_bytes,
            response_bytes=self.response_bytes,
            shared_messages=self.shared_messages,
            left_at_message=self.left_at_message,
            **{**spent, "finish_reason": spent["finish_reason"] or ""},
        )

    def since_arrival(self, at: float | None) -> float | None:
        return None if at is None else at - self.arrived_at


class Recorder:
    """Belongs to one event loop. While the database is busy rows wait, then the oldest go."""

    def __init__(self) -> None:
        self._pending: list[Account] = []
        self._writer: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.n_lost = 0

    def add(self, account: Account) -> None:
        self._pending.append(account)
        if len(self._pending) > MOST_PENDING:
            del self._pending[0]
            self.n_lost += 1
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._run(), name="gateway records")

    async def _run(self) -> None:
        """Full batches follow one another at once."""
        while self._pending:
            if len(self._pending) < MOST_BATCH:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), EVERY_SECONDS)
            if not await self._write() and not self._closing.is_set():
                await asyncio.sleep(EVERY_SECONDS)
            elif self._closing.is_set():
                return

    async def close(self) -> None:
        """What is being written is not written twice."""
        self._closing.set()
        if self._writer is not None:
            await asyncio.wait((self._writer,))
        while self._pending and await self._write():
            pass

    async def _write(self) -> bool:
        """Whether the database took them, or never would."""
        batch = self._pending[:MOST_BATCH]
        if not batch:
            return True
        try:
            await written(_write, batch)
        except (OperationalError, InterfaceError) as error:
            logger.warning("%d requests are not written yet: %s", len(self._pending), error)
            return False
        except Exception as error:
            logger.warning("%d requests are written one by one: %s", len(batch), error)
            if (n_lost := await written(_write_singly, batch)) is None:
                return False
            self.n_lost += n_lost
        done = set(map(id, batch))  # meanwhile the oldest may have gone
        self._pending = [each for each in self._pending if id(each) not in done]
        return True


def _write_singly(batch: list[Account]) -> int | None:
    """How many no database takes; None: it takes none at the moment."""
    n_lost = 0
    for account in batch:
        try:
            _write([account])
        except (OperationalError, InterfaceError):
            return None
        except Exception:
            logger.exception("request %s cannot be recorded", account.public_id)
            n_lost += 1
    return n_lost


@transaction.atomic
def _write(batch: list[Account]) -> None:
    """A model or key that went meanwhile must not keep the others from being written."""
    found = [account.row() for account in batch]
    models = _there(LlamaModel, {row.llama_model_id for row in found})
    keys = _there(ApiKey, {row.api_key_id for row in found})
    users = _there(get_user_model(), {row.user_id for row in found})
    for row in found:
        if row.llama_model_id not in models:
            row.llama_model_id = None
        if row.api_key_id not in keys:
            row.api_key_id = None
        if row.user_id not in users:
            row.user_id = None
    RequestRecord.objects.bulk_create(found)
    _write_captures(batch, found)
    if keys:
        holders.used(keys)
        _count_months(batch, keys)


def _there(model: type[Model], numbers: set[int | None]) -> set[int]:
    return set(model._default_manager.filter(pk__in=numbers - {None}).values_list("pk", flat=True))


def _write_captures(batch: list[Account], found: list[RequestRecord]) -> None:
    captures = []
    for account, row in zip(batch, found, strict=True):
        if (capture := account.capture()) is not None:
            capture.request = row
            captures.append(capture)
    RequestCapture.objects.bulk_create(captures)


def _count_months(batch: list[Account], keys: set[int]) -> None:
    """All keys, whether they have a quota or not: one may be given later in the month."""
    counts: dict[tuple[int, date], tuple[int, int]] = {}
    for account in batch:
        if account.key_id in keys:
            of = (account.key_id or 0, holders.month_of(account.started_at))
            tokens, requests = counts.get(of, (0, 0))
            counts[of] = (tokens + account.tokens, requests + 1)
    for (key, month), (tokens, requests) in counts.items():
        row, _ = KeyMonth.objects.get_or_create(api_key_id=key, month=month)
        KeyMonth.objects.filter(pk=row.pk).update(
            tokens=F("tokens") + tokens, requests=F("requests") + requests
        )
