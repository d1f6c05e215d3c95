"""Engines as rows of a table: what each does, takes and serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils.html import format_html
from django.utils.safestring import SafeString

from engine_app.core import states
from engine_app.models import Engine, EngineRun, EngineState
from engine_app.pages.engine_hues import hues
from engine_app.pages.engine_look import chip, doing
from llamadash import formats
from metrics_app.live_values import live_value
from metrics_app.query import latest

# Long texts that no row shows.
LARGE: Final = ("binary__help_text", "llama_model__facts", "preset__options", "preset__notes")
AT_WORK: Final = Case(
    When(state__in=states.ALIVE, then=Value(0)),
    When(desired="running", then=Value(1)),
    When(state=states.FAILED, then=Value(2)),
    default=Value(3),
    output_field=IntegerField(),
)
NO_TOKENS: Final = {
    "embedding": "embedding models generate no tokens",
    "reranker": "rerankers generate no tokens",
}
NOT_RUNNING: Final = "it has no process"
NOT_MEASURED: Final = "not measured yet"

Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Row:
    engine: Engine
    hue: str  # empty while its model is not in memory
    chip: SafeString
    doing: SafeString
    memory: SafeString
    speed: SafeString
    build: str
    since: datetime
    can_start: bool
    can_stop: bool
    can_restart: bool
    is_cancel: bool  # stopping it takes back a start that has not begun

    @property
    def name(self) -> str:
        return self.engine.llama_model.name

    @property
    def preset(self) -> str:
        return self.engine.preset.label if self.engine.preset else ""


def engines() -> QuerySet[Engine]:
    """Those at work first."""
    return _ordered(Engine.objects.all())


def at_work(node: str) -> QuerySet[Engine]:
    """Those that run, are wanted or have failed."""
    return _ordered(Engine.objects.here(node).to_look_after())


def _ordered(found: QuerySet[Engine]) -> QuerySet[Engine]:
    whole = found.select_related("llama_model", "preset", "binary").defer(*LARGE)
    return whole.annotate(rest=AT_WORK).order_by("rest", "llama_model__name", "id")


def rows(found: Iterable[Engine]) -> list[Row]:
    shown = list(found)
    values = latest().values
    measured = measured_memory(engine.pk for engine in shown)
    known = hues()
    return [_row(each, known, values, measured.get(each.pk, {})) for each in shown]


def measured_memory(engine_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """What the processes that run took when they were ready."""
    ids = list(engine_ids)
    runs = EngineRun.objects.open().filter(engine_id__in=ids).order_by("id")
    return dict(runs.values_list("engine_id", "memory"))


def _row(
    engine: Engine, known: Mapping[int, str], values: Values, measured: Mapping[str, int]
) -> Row:
    wanted = engine.desired == "running"
    is_cancel = wanted and engine.state in (EngineState.STOPPED, EngineState.STARTING)
    return Row(
        engine=engine,
        hue=known.get(engine.llama_model_id, "") if engine.is_alive else "",
        chip=chip(engine),
        doing=doing(engine),
        memory=memory(engine, values, measured),
        speed=speed(engine, values),
        build=build(engine),
        since=engine.state_changed_at,
        can_start=engine.enabled and (not wanted or engine.state == EngineState.FAILED),
        can_stop=wanted,
        can_restart=wanted and engine.enabled and engine.is_alive and not is_cancel,
        is_cancel=is_cancel,
    )


def build(engine: Engine) -> str:
    binary = engine.binary
    return (binary.build or binary.version) if binary is not None else ""


def memory(engine: Engine, values: Values, measured: Mapping[str, int]) -> SafeString:
    """Resident memory now, else as it was when it was ready; and what it has on GPUs."""
    if not engine.is_alive:
        return _dash(NOT_RUNNING)
    key = f"{engine.source}/rss_bytes"
    value = values.get(key, measured.get("rss_bytes"))
    ram = live_value(key, "bytes", value, label=f"Memory of {engine.llama_model.name}")
    gpus = on_gpus(engine, values)
    if not gpus:
        return ram
    return format_html("{} GPU, {} RAM", formats.size(sum(gpus.values())), ram)


def on_gpus(engine: Engine, values: Values) -> dict[str, float]:
    """Bytes by the key of the GPU."""
    before = f"{engine.source}/gpu_memory_bytes/"
    return {
        key.removeprefix(before): value
        for key, value in values.items()
        if key.startswith(before) and value
    }


def speed(engine: Engine, values: Values) -> SafeString:
    """Tokens that it generates a second; the head or `data-u` has the unit."""
    if (why := NO_TOKENS.get(engine.llama_model.kind)) is not None:
        return _dash(why)
    if engine.state != EngineState.READY:
        return _dash(NOT_RUNNING if not engine.is_alive else "it is not ready")
    key = f"{engine.source}/tokens_per_second"
    label = f"Tokens a second of {engine.llama_model.name}"
    return live_value(key, "per_second", values.get(key), label=label, part="number")


def _dash(why: str) -> SafeString:
    return format_html('<span title="{}">-</span>', why)
