"""What the API of requests takes and gives, as its documentation states it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from ninja import Field, Schema

from proxy_app.request_query import CLASSES, DIALECTS, MAX_ROWS, OUTCOMES, PAGE_ROWS


class RequestRow(Schema):
    id: str = Field(description="x-llamadash-request-id of its answer")
    started_at: datetime
    key: int | None
    key_name: str = Field(description="or the account's name; empty: a program of this machine")
    model: int | None
    model_name: str = Field(description="as it was asked for")
    engine: int | None
    status: int
    error_code: str = Field(description="empty: it was done")
    error: str
    dialect: str
    path: str
    is_stream: bool
    queue_seconds: float | None
    first_byte_seconds: float | None = Field(description="from its arrival")
    total_seconds: float | None
    prompt_tokens: int | None = Field(description="with those that were in the cache")
    cached_tokens: int | None
    generated_tokens: int | None
    prompt_per_second: float | None
    generated_per_second: float | None
    draft_tokens: int | None
    draft_accepted_tokens: int | None
    finish_reason: str
    request_bytes: int
    response_bytes: int
    client: str | None = Field(None, description="address; for the staff alone")


class RequestList(Schema):
    requests: list[RequestRow]
    older: str | None = Field(description="cursor of what began earlier; null: nothing more")
    newer: str | None


class CaptureOut(Schema):
    asked: str
    answered: str
    is_cut: bool


class RequestDetail(RequestRow):
    shared_messages: int | None = Field(
        description="messages that its prompt shares with the one before it in the conversation"
    )
    left_at_message: int | None = Field(description="number of the first one that differs")
    capture: CaptureOut | None = Field(description="null: what was said is not kept")


class InFlightRow(Schema):
    id: str
    started_at: datetime
    phase: Literal["arriving", "queued", "working", "answering"]
    seconds: float = Field(description="since it arrived")
    key: int | None
    key_name: str
    model: int | None
    model_name: str
    engine: int | None
    dialect: str
    path: str
    is_stream: bool
    queue_seconds: float | None
    first_byte_seconds: float | None
    response_bytes: int
    client: str | None = Field(None, description="address; for the staff alone")


class InFlightList(Schema):
    requests: list[InFlightRow]


def _parameter(name: str, kind: str, text: str, **more: Any) -> dict[str, Any]:
    schema = {"type": kind, **more}
    return {"name": name, "in": "query", "schema": schema, "description": text}


PARAMETERS: Final = [
    _parameter("q", "string", "how the id begins", maxLength=20),
    _parameter("model", "integer", "id of a model"),
    _parameter("key", "integer", "id of a key"),
    _parameter("outcome", "string", "what became of it", enum=list(OUTCOMES)),
    _parameter("status", "string", "class of its status", enum=list(CLASSES)),
    _parameter("errors", "integer", "1: only those that were not done"),
    _parameter("dialect", "string", "whose words it used", enum=list(DIALECTS)),
    _parameter("since", "string", "begun at this time or later (ISO 8601, UTC without a zone)"),
    _parameter("until", "string", "begun before this time"),
    _parameter("cursor", "string", "an answer's `older` or `newer`"),
    _parameter("limit", "integer", "at most so many", minimum=1, maximum=MAX_ROWS,
               default=PAGE_ROWS),
]  # fmt: skip
