"""What an API key looks like and how it is compared. `ld_` + 8 characters that name it + a secret.

The secret has 256 bits, so one SHA-256 keeps it: a slow hash would be a way to keep us busy.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from typing import Final, NamedTuple

PREFIX: Final = "ld_"
_SHAPE: Final = re.compile(r"ld_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
MOST_CHARACTERS: Final = 200


class NewKey(NamedTuple):
    text: str  # shown once
    public_id: str
    digest: str


def new_key() -> NewKey:
    public_id = "".join(secrets.choice(_LETTERS) for _ in range(8))
    text = f"{PREFIX}{public_id}_{secrets.token_urlsafe(32)}"
    return NewKey(text, public_id, digest(text))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def public_id(text: str) -> str | None:
    """None: it cannot be a key of ours."""
    match = _SHAPE.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
    return match.group(1) if match else None


def is_same(text: str, known_digest: str) -> bool:
    return hmac.compare_digest(digest(text), known_digest)


def given(headers: dict[bytes, bytes]) -> str | None:
    """The key of a request: Basic password, Bearer, a bare Authorization, x-api-key. Empty: one
    was given that cannot be read."""
    authorization = headers.get(b"authorization", b"").decode("latin-1").strip()
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "basic":
        return _basic_password(rest.strip())
    if scheme.lower() == "bearer":
        return rest.strip()
    if authorization:
        return authorization
    own = headers.get(b"x-api-key")
    return None if own is None else own.decode("latin-1").strip()


def _basic_password(encoded: str) -> str:
    try:
        decoded = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return decoded.partition(":")[2]
