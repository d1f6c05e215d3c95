from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from ninja import Router
from ninja.errors import ValidationError

from llamadash.system.report import diagnostics
from settings_app.staff import require_staff

router: Final = Router()


@router.get("", summary="This installation")
def get_system(request: HttpRequest) -> dict[str, Any]:
    """Versions, storage, agent, devices, operations and the latest scans, without secrets."""
    require_staff(request, "see the system's state")
    if request.GET:
        unknown = [
            {"loc": ("query", name), "msg": "is not a field of this"} for name in request.GET
        ]
        raise ValidationError(unknown)
    return diagnostics()
