"""The one-time link by which the first admin account is made.

The token is shown once, on stderr. Stored are its hash, when it expires and how many tries are
left; a wrong try counts against it, a used or worn out token is gone.
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


def check(token: str) -> bool:
    """Whether `token` is the one that counts now. A wrong one uses up a try."""
    with transaction.atomic():
        row = Setting.objects.select_for_update().filter(key=KEY).first()
        if row is None or not is_open():
            return False
        if _matches(token, row.value):
            return True
        row.value = {**row.value, "tries": row.value["tries"] - 1}
        row.save(update_fields=["value", "updated_at"])
        return False


def claim(token: str) -> bool:
    """As `check`, and the token is used up when it is right. Call it where the account is made."""
    if not check(token):
        return False
    deleted, _ = Setting.objects.filter(key=KEY).delete()
    return deleted > 0


def _matches(token: str, stored: dict[str, Any]) -> bool:
    if stored["tries"] <= 0 or time.time() > stored["until"]:
        return False
    return hmac.compare_digest(_digest(token), stored["hash"])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
