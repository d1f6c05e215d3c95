"""What people ask of engines, in two logs: everybody with an account reads those of engines, so the
name of an account stands only in the program's own, which is for staff."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from django.db import transaction

from logs_app import lifecycle

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

    User = AbstractBaseUser | AnonymousUser | None

logger = logging.getLogger(__name__)


def say(source: str, what: str, user: User) -> None:
    """`user` asks for `what`; said when that is committed."""
    name = user.get_username() if user is not None and user.is_authenticated else ""

    who = "somebody" if name else "this program"

    def both() -> None:
        logger.info("%s: %s asks for %s", source, name or "this program", what)
        with contextlib.suppress(OSError):  # a full disk keeps no engine from running
            lifecycle.note(source, "info", f"{who} asks for {what}")

    transaction.on_commit(both, robust=True)
