"""API keys at the management API: `read` sees, `operate` also loads, stops and scans, `admin` may
do what a member of the staff may. A key that may only generate is nobody there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from proxy_app.core import api_keys
from proxy_app.models import ApiKey

PATHS: Final = "/api/"
# What an operator may change; all else is for administrators.
OPERATED: Final = re.compile(
    r"/api/(engines|scans)/|/api/attached/\d+/models/(un)?load/|/api/requests/\w+/cancel/"
)
_HEADERS: Final = {"Authorization": b"authorization", "X-Api-Key": b"x-api-key"}


class KeyUser(AnonymousUser):
    """Stands in for an account; has no row, and owns nothing."""

    def __init__(self, key: ApiKey, *, is_staff: bool) -> None:
        super().__init__()
        self.api_key = key
        self.username = f"key {key.name}"  # type: ignore[assignment]
        self.is_staff = is_staff  # type: ignore[assignment]

    @property
    def is_authenticated(self) -> bool:  # type: ignore[override]
        return True

    @property
    def is_anonymous(self) -> bool:  # type: ignore[override]
        return False

    def get_username(self) -> str:
        return self.username


def key_login(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """After the authentication of sessions. A wrong key is refused even beside a right session."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PATHS):
            given = {
                raw: request.headers[name].encode("utf-8", "surrogateescape")
                for name, raw in _HEADERS.items()
                if name in request.headers
            }
            key = api_keys.given(given)
            # Anything else may be meant for whoever stands in front of us.
            if key is not None and key.startswith(api_keys.PREFIX):
                user = _user(key, request.path, timezone.now())
                if user is None:
                    return _refused()
                request.user = user
                # Nobody can be made to send a key by a page of another site.
                request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def _user(key: str, path: str, now: datetime) -> KeyUser | None:
    public_id = api_keys.public_id(key)
    row = ApiKey.objects.filter(public_id=public_id or "", enabled=True).first()
    if row is None or not api_keys.is_same(key, row.digest):
        return None
    if row.expires_at is not None and row.expires_at <= now:
        return None
    # One for some models would see all of them here.
    if row.limited or row.llama_models.exists():
        return None
    scopes = set(row.scopes)
    if not scopes & {"read", "operate", "admin"}:
        return None
    operates = "operate" in scopes and OPERATED.match(path) is not None
    return KeyUser(row, is_staff="admin" in scopes or operates)


def _refused() -> HttpResponse:
    message = (
        "The API key is wrong, has expired, or may not use the management API: that takes the "
        "scope read, operate or admin, and no limit to some models."
    )
    error = {"code": "not_logged_in", "message": message, "detail": None}
    answer = JsonResponse({"error": error}, status=401)
    answer["WWW-Authenticate"] = 'Bearer realm="llamadash"'
    return answer
