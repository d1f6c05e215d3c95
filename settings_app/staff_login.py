"""The login that changing operations of the API ask for."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.security import SessionAuth

from settings_app.staff import require_staff


class StaffLogin(SessionAuth):
    """Asked before the body is read: who may not do it is told that, and not what is wrong with it.

    Also checks CSRF, as every session login of the API does.
    """

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        if not request.user.is_authenticated:
            return None
        require_staff(request, self._what)
        return request.user
