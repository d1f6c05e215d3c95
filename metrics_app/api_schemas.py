"""What the API of figures gives, as its documentation states it."""

from __future__ import annotations

from typing import Any

from ninja import Schema


class SeriesRow(Schema):
    key: str
    source: str
    name: str
    label: str
    unit: str
    kept: bool


class SeriesList(Schema):
    series: list[SeriesRow]


class ColumnsAnswer(Schema):
    avg: list[float | None]
    min: list[float | None]
    max: list[float | None]


class SummaryAnswer(Schema):
    now: float | None
    min: float | None
    avg: float | None
    max: float | None
    p95: float | None


class QueryAnswer(Schema):
    """Bucket i covers `step` seconds from `start + i * step` on."""

    start: int
    step: int
    tier: str
    series: dict[str, ColumnsAnswer]
    summary: dict[str, SummaryAnswer]


class LatestAnswer(Schema):
    at: float | None
    values: dict[str, float | None]


class Problem(Schema):
    code: str
    message: str
    detail: Any = None


class Refused(Schema):
    error: Problem
