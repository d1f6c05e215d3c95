"""What the engines' API takes and gives, as its documentation states it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema
from pydantic import ConfigDict, StrictBool, StrictInt

MAX_TTL_SECONDS = 604_800


class EngineRow(Schema):
    id: int
    model: int
    model_name: str
    preset: int | None
    alias: str = Field(description="the model's id in requests")
    node: str
    desired: str
    enabled: bool
    pinned: bool
    preload: bool
    idle_ttl_seconds: int | None = Field(description="null: as the settings say; 0: never")
    state: str
    state_changed_at: datetime
    phase: str
    progress: float | None = Field(description="of loading, 0 to 1; null: not known")
    ready_at: datetime | None
    last_used_at: datetime | None
    reason: str
    reason_code: str
    advice: str
    retry_at: datetime | None = Field(description="when a failed one is tried again")
    n_failures: int = Field(description="in a row")
    n_restarts: int
    pid: int | None
    port: int | None
    binary: int | None


class EngineList(Schema):
    engines: list[EngineRow]


class RunRow(Schema):
    id: int
    argv: list[str]
    build: str
    pid: int | None
    port: int | None
    started_at: datetime
    answered_at: datetime | None
    ready_at: datetime | None
    adopted_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    signal: int | None
    reason: str
    reason_code: str
    advice: str
    last_lines: list[str]
    memory: dict[str, Any]
    plan: dict[str, Any] = Field(
        description="of its memory before the start, as /api/engines/plan/ gives it; in `after`, "
        "what was done and measured; empty where nobody looked"
    )


class EngineDetail(EngineRow):
    runs: list[RunRow] = Field(description="the latest lives of its process, newest first")


class EngineRequest(Schema):
    """Which model is to run, and how."""

    model_config = ConfigDict(extra="forbid")

    model: StrictInt = Field(description="id of a model")
    preset: StrictInt | None = Field(None, description="id of a preset")
    force: StrictBool = Field(False, description="start it whatever memory there is")


class EnginePatch(Schema):
    model_config = ConfigDict(extra="forbid")

    enabled: StrictBool | None = None
    pinned: StrictBool | None = None
    preload: StrictBool | None = None
    idle_ttl_seconds: StrictInt | None = Field(None, ge=0, le=MAX_TTL_SECONDS)


class PlannedDevice(Schema):
    key: str
    label: str
    total_bytes: int | None
    free_bytes: int | None = Field(description="now; null: nobody knows")
    need_bytes: int
    reserved_bytes: int = Field(description="seen free, and spoken for by other engines")
    router_bytes: int = Field(description="of our own router, used or spoken for")
    margin_bytes: int = Field(description="stays free whatever happens")
    short_bytes: int | None = Field(description="missing at this moment")


class PlannedNeed(Schema):
    source: str = Field(description="measured, estimate, llama-fit-params, out of memory, or empty")
    is_lower_bound: bool = Field(description="it takes at least so much: never a reason to refuse")
    devices: list[PlannedDevice]


class PlannedEviction(Schema):
    engine: int
    name: str
    frees_bytes: int
    idle_seconds: float | None


class MemoryPlan(Schema):
    """What would happen if the model were started now."""

    outcome: str = Field(
        description="fits; evict: the engines listed are stopped first; wait: for memory that is "
        "coming; too_big: not even with nothing else loaded; no_room; unknown: it is tried"
    )
    need: PlannedNeed
    evict: list[PlannedEviction]
    sentences: list[str]
    advice: list[str]
    at: datetime
