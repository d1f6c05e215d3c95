"""Requests as rows of a table, those that run and those that have ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.utils.safestring import SafeString

from engine_app.pages.engine_hues import hues
from llamadash import formats
from metrics_app.charts import hue
from models_app.models import LlamaModel
from proxy_app.in_flight import InFlight
from proxy_app.models import RequestRecord
from proxy_app.pages.request_look import (
    FAILED,
    RUNNING,
    bar,
    chip,
    dash,
    end_of_scale,
    look,
)
from proxy_app.pages.request_timeline import spans_of

NOT_SAID: Final = "the engine did not say"
NO_ENGINE: Final = "no engine was asked"
NOT_ANSWERED: Final = "it was not answered in full"
NOTHING_SENT: Final = "nothing was sent"
NOT_YET: Final = "not yet"
MOST_CELL: Final = 60  # characters


@dataclass(frozen=True, slots=True)
class Row:
    """A request that has ended."""

    record: RequestRecord
    at: str
    hue: str
    model: str
    who: str
    chip: SafeString
    has_failed: bool
    prompt: str
    cached: str
    generated: str
    speed: str
    first_byte: str
    total: str
    bar: SafeString


@dataclass(frozen=True, slots=True)
class RunningRow:
    public_id: str
    at: str
    hue: str
    model: str
    who: str
    is_login: bool
    client: str
    path: str
    chip: SafeString
    queue: str
    first_byte: str
    seconds: str
    sent: str


def model_hue(model_id: int | None, held: dict[int, str]) -> str:
    """Of a model in memory the one that it has on every page; else that of its name's hash."""
    if model_id is None:
        return "i1"
    return held.get(model_id) or hue(f"model {model_id}", ())


def scale(records: Iterable[RequestRecord]) -> float:
    return end_of_scale(each.total_seconds for each in records if each.total_seconds is not None)


def rows(records: Iterable[RequestRecord], end: float) -> list[Row]:
    held = hues()
    return [_row(each, end, held) for each in records]


def _row(record: RequestRecord, end: float, held: dict[int, str]) -> Row:
    why = why_unknown(record)
    colour = model_hue(record.llama_model_id, held)
    return Row(
        record=record,
        at=_at(record.started_at),
        hue=colour,
        model=short(model_name(record)),
        who=short(record.key_name),
        chip=chip(look(record.error_code)),
        has_failed=look(record.error_code) is FAILED,
        prompt=_count(record.prompt_tokens, why),
        cached=_count(record.cached_tokens, why),
        generated=_count(record.generated_tokens, why),
        speed=_rate(record.generated_per_second, why),
        first_byte=_seconds(record.first_byte_seconds, NOTHING_SENT),
        total=_seconds(record.total_seconds, "not measured"),
        bar=bar(spans_of(record), end, colour),
    )


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def model_name(record: RequestRecord) -> str:
    """As it is called now; where it is not there any more, as it was asked for."""
    model = record.llama_model
    return model.name if model is not None else record.model_name


def why_unknown(record: RequestRecord) -> str:
    if record.engine_id is None:
        return NO_ENGINE
    return NOT_ANSWERED if record.error_code else NOT_SAID


def _count(number: int | None, why: str) -> str:
    return dash(why) if number is None else formats.grouped(number)


def _rate(number: float | None, why: str) -> str:
    return dash(why) if number is None else f"{number:,.1f}"


def _seconds(value: float | None, why: str) -> str:
    return dash(why) if value is None else formats.seconds(value)


def short(text: str) -> str:
    """For a cell of a table; what people gave is of any length."""
    return text if len(text) <= MOST_CELL else f"{text[: MOST_CELL - 1]}…"


def running_rows(found: Iterable[InFlight]) -> list[RunningRow]:
    shown = list(found)
    held = hues()
    ids = {each.model_id for each in shown if each.model_id is not None}
    names = dict(LlamaModel.objects.filter(pk__in=ids).values_list("id", "name")) if ids else {}
    return [_running(each, held, names) for each in shown]


def _running(each: InFlight, held: dict[int, str], names: dict[int, str]) -> RunningRow:
    return RunningRow(
        public_id=each.public_id,
        at=_at(each.started_at),
        hue=model_hue(each.model_id, held),
        model=short(names.get(each.model_id or 0, each.model_name)),
        who=short(each.key_name),
        is_login=each.user_id is not None,
        client=each.client,
        path=each.path,
        chip=chip(RUNNING[each.phase]),
        queue=_seconds(each.queue_seconds, NOT_YET),
        first_byte=_seconds(each.first_byte_seconds, NOT_YET),
        seconds=formats.seconds(each.seconds),
        sent=formats.size(each.response_bytes),
    )
