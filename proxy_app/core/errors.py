"""What goes wrong, in the body that each dialect's clients understand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxy_app.core.routes import Dialect
from proxy_app.core.sse import encoded

# OpenAI's and llama.cpp's word for a status.
_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "invalid_request_error",
    411: "invalid_request_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    429: "rate_limit_error",
    499: "client_gone",
    501: "not_supported_error",
    502: "server_error",
    503: "unavailable_error",
    504: "server_error",
}
_ANTHROPIC: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "invalid_request_error",
    411: "invalid_request_error",
    413: "request_too_large",
    415: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


@dataclass
class GatewayError(Exception):
    """An answer of ours, not the engine's. `message` is for whoever reads it, a sentence."""

    status: int
    code: str
    message: str
    retry_after: int | None = None  # seconds
    detail: dict[str, Any] | None = None

    def __str__(self) -> str:
        return self.message


def body(error: GatewayError, dialect: Dialect) -> bytes:
    return orjson.dumps(said(error, dialect))


def said(error: GatewayError, dialect: Dialect) -> dict[str, Any]:
    if dialect == "anthropic":
        kind = _ANTHROPIC.get(error.status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": error.message}}
    if dialect == "ollama":
        return {"error": error.message}
    kind = _TYPES.get(error.status, "server_error")
    inner: dict[str, Any] = {"message": error.message, "type": kind, "param": None}
    # A number in llama.cpp's bodies, a word in OpenAI's: the word helps people, both are allowed.
    inner["code"] = error.status if dialect == "llamacpp" else error.code
    return {"error": {**inner, **(error.detail or {})}}


def event(error: GatewayError, dialect: Dialect) -> bytes:
    """For a stream that has begun: its status cannot be changed any more."""
    if dialect == "ollama":
        return body(error, dialect) + b"\n"
    return encoded(body(error, dialect), "error" if dialect == "anthropic" else "")
