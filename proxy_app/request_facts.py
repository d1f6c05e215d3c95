"""A request as the API and exports tell it: plain values, null for what is not known."""

from __future__ import annotations

from typing import Any, Final

from proxy_app.in_flight import InFlight
from proxy_app.models import RequestRecord

# Columns of the row that are told as they are.
PLAIN: Final = (
    "status", "error_code", "error", "dialect", "path", "is_stream", "queue_seconds",
    "first_byte_seconds", "total_seconds", "prompt_tokens", "cached_tokens", "generated_tokens",
    "prompt_per_second", "generated_per_second", "draft_tokens", "draft_accepted_tokens",
    "finish_reason", "request_bytes", "response_bytes",
)  # fmt: skip
# Addresses of those who ask: for the staff alone.
STAFF: Final = ("client",)
COLUMNS: Final = (
    "id", "started_at", "key", "key_name", "model", "model_name", "engine", *PLAIN,
)  # fmt: skip


def columns(*, staff: bool) -> tuple[str, ...]:
    return (*COLUMNS, *STAFF) if staff else COLUMNS


def facts(record: RequestRecord, *, staff: bool) -> dict[str, Any]:
    found = {
        "id": record.public_id,
        "started_at": record.started_at,
        "key": record.api_key_id,
        "key_name": record.key_name,
        "model": record.llama_model_id,
        "model_name": record.model_name,
        "engine": record.engine_id,
        **{name: getattr(record, name) for name in PLAIN},
    }
    return {**found, "client": record.client} if staff else found


def facts_in_flight(seen: InFlight, *, staff: bool) -> dict[str, Any]:
    found = {
        "id": seen.public_id,
        "started_at": seen.started_at,
        "phase": seen.phase,
        "seconds": seen.seconds,
        "key": seen.key_id,
        "key_name": seen.key_name,
        "model": seen.model_id,
        "model_name": seen.model_name,
        "engine": seen.engine_id,
        "dialect": seen.dialect,
        "path": seen.path,
        "is_stream": seen.is_stream,
        "queue_seconds": seen.queue_seconds,
        "first_byte_seconds": seen.first_byte_seconds,
        "response_bytes": seen.response_bytes,
    }
    return {**found, "client": seen.client} if staff else found
