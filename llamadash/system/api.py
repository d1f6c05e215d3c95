from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from ninja import Router

from llamadash.system.report import diagnostics
from settings_app.staff import require_staff

router: Final = Router()


@router.get("", summary="This installation")
def get_system(request: HttpRequest) -> dict[str, Any]:
    """Versions, storage, agent, devices, operations and the latest scans, without secrets."""
    require_staff(request, "see the system's state")
    return diagnostics()
