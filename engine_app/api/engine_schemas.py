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


class EngineDetail(EngineRow):
    runs: list[RunRow] = Field(description="the latest lives of its process, newest first")


class EngineRequest(Schema):
    """Which model is to run, and how."""

    model_config = ConfigDict(extra="forbid")

    model: StrictInt = Field(description="id of a model")
    preset: StrictInt | None = Field(None, description="id of a preset")


class EnginePatch(Schema):
    model_config = ConfigDict(extra="forbid")

    enabled: StrictBool | None = None
    pinned: StrictBool | None = None
    preload: StrictBool | None = None
    idle_ttl_seconds: StrictInt | None = Field(None, ge=0, le=MAX_TTL_SECONDS)
