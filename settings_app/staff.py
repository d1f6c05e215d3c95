"""Who may change things: users with the staff status."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def require_staff(request: HttpRequest, what: str) -> None:
    """PermissionDenied that says what the staff status is needed for: `change settings`."""
    if not request.user.is_staff:
        raise PermissionDenied(
            f"Only accounts with the staff status may {what}. An administrator can give it to "
            "yours under Admin, Users."
        )


def staff_only(what: str) -> Callable[[View[P]], View[P]]:
    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            require_staff(request, what)
            return view(request, *args, **kwargs)

        return checked

    return decorate
