"""What the gateway refuses before it reads a body: ambiguous framing, tricks with the path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from proxy_app.core.errors import GatewayError

Headers = Iterable[tuple[bytes, bytes]]
ONCE: Final = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"content-type", b"authorization"}
)
# What is handed on to an engine: nothing that names a person, a place or a connection.
FORWARDED: Final = frozenset(
    {b"accept", b"content-type", b"anthropic-version", b"anthropic-beta", b"x-conversation-id"}
)
# What comes back from an engine.
RETURNED: Final = frozenset({b"content-type", b"retry-after", b"x-accel-buffering"})


def checked(headers: Headers) -> dict[bytes, bytes]:
    """By name, each that matters once. Raises GatewayError 400."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in found and name in ONCE:
            raise _bad(f"The header {name.decode('latin-1')} is there twice.")
        found.setdefault(name, value)
    length = found.get(b"content-length")
    if length is not None:
        if not length.isdigit() or len(length) > 18:
            raise _bad("The header content-length is no number.")
        if b"transfer-encoding" in found:
            raise _bad("A length and an encoding of the body are given: only one can be true.")
    encoding = found.get(b"transfer-encoding")
    if encoding is not None and encoding.strip().lower() != b"chunked":
        raise _bad("The header transfer-encoding is not understood.")
    if b"content-encoding" in found and found[b"content-encoding"].lower() != b"identity":
        raise GatewayError(415, "unsupported_encoding", "Compressed bodies are not taken.")
    return found


def check_target(path: str, raw_path: bytes) -> None:
    """The path as it came must be the path that was understood. Raises GatewayError."""
    raw = raw_path.split(b"?", 1)[0]
    if not raw.startswith(b"/"):
        raise _bad("The request target is not a path.")
    if b"//" in raw or b"/../" in raw or raw.endswith(b"/..") or b"\\" in raw or b"\0" in raw:
        raise _bad("The path is not a plain one.")
    if raw.decode("latin-1") != path:
        raise GatewayError(404, "not_found", "There is no such path; it is not to be escaped.")


def _bad(message: str) -> GatewayError:
    return GatewayError(400, "bad_request", message)
