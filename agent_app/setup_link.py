"""The one-time link by which the first admin account is made.

The token is shown once, on stderr. Stored are its hash, when it expires and how many tries are
left. A browser that opened the link keeps the hash as its mark, never the token; with the mark the
account is made. A wrong mark costs a try, a used or worn out token is gone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction

from settings_app.models import Setting

KEY: Final = "setup.link"
LIFETIME_SECONDS: Final = 15 * 60
TRIES: Final = 5


def is_open() -> bool:
    """Whether the first admin account is still to be made."""
    return not get_user_model().objects.filter(is_superuser=True).exists()


def issue() -> str:
    """A fresh token (192 bit); an earlier one is void from now on."""
    token = secrets.token_urlsafe(24)
    value = {"hash": _digest(token), "until": time.time() + LIFETIME_SECONDS, "tries": TRIES}
    Setting.objects.update_or_create(key=KEY, defaults={"value": value})
    return token


def is_waiting() -> bool:
    """Whether a link was printed that could still be used."""
    row = Setting.objects.filter(key=KEY).first()
    return row is not None and _is_live(row.value)


def check(token: str) -> str | None:
    """The token's mark when it is the one that counts now. Changes nothing: a page was opened."""
    row = Setting.objects.filter(key=KEY).first()
    mark = _digest(token)
    stored = row.value if row is not None else {}
    right = hmac.compare_digest(mark, stored.get("hash", ""))
    return mark if right and _is_live(stored) and is_open() else None


def claim(mark: str) -> bool:
    """Uses the token of this mark up. A wrong one costs a try.

    Call it where the account is made.
    """
    with transaction.atomic():
        row = Setting.objects.select_for_update().filter(key=KEY).first()
        if row is None or not is_open():
            return False
        if _is_live(row.value) and hmac.compare_digest(mark, row.value["hash"]):
            row.delete()
            return True
        row.value = {**row.value, "tries": row.value["tries"] - 1}
        row.save(update_fields=["value", "updated_at"])
        return False


def _is_live(stored: dict[str, Any]) -> bool:
    return bool(stored["tries"] > 0 and time.time() <= stored["until"])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
