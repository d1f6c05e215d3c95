"""Records of requests, as the gateway writes them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from proxy_app.models import RequestRecord

NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
_numbers = itertools.count(1)


def make_request(minutes_ago: float = 0, **over: Any) -> RequestRecord:
    """A streamed chat that was done."""
    facts: dict[str, Any] = {
        "public_id": f"{next(_numbers):020x}",
        "started_at": NOW - timedelta(minutes=minutes_ago),
        "model_name": "tiny-chat",
        "engine_id": 7,
        "dialect": "openai",
        "path": "/v1/chat/completions",
        "status": 200,
        "is_stream": True,
        "client": "10.0.4.17",
        "queue_seconds": 0.5,
        "first_byte_seconds": 1.5,
        "total_seconds": 4.0,
        "prompt_tokens": 1_234,
        "cached_tokens": 1_000,
        "generated_tokens": 56,
        "generated_per_second": 22.4,
        "finish_reason": "stop",
        **over,
    }
    return RequestRecord.objects.create(**facts)
