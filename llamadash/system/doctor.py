"""The doctor's checks on the page of the system: run when somebody asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from agent_app.doctor.apart import Examined, NotExamined, examine_apart
from agent_app.doctor.examination import DEFAULT_PORT
from agent_app.doctor.finding import FAIL, NOTE, OK, UNKNOWN, Finding
from llamadash.perf import timed
from models_app.pages.shared import is_partial, varies
from settings_app.staff import staff_only

# Glyph, class and word of each result.
LOOKS: Final = {
    OK: ("ok", "ok", "well"),
    NOTE: ("warn", "warn", "note"),
    FAIL: ("fail", "fail", "not well"),
    UNKNOWN: ("warn", "warn", "not known"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    finding: Finding
    glyph: str
    kind: str
    word: str


_latest: tuple[datetime, Examined] | None = None  # of this process


def latest() -> dict[str, Any]:
    """For the page: what was found last, not what is."""
    if _latest is None:
        return {"examined_at": None, "findings": [], "n_wrong": 0}
    at, examined = _latest
    shown = [Shown(each, *LOOKS[each.result]) for each in examined.findings]
    n_wrong = sum(each.finding.result != OK for each in shown)
    return {"examined_at": at, "findings": shown, "n_wrong": n_wrong}


@require_POST
@staff_only("run the doctor's checks")
def doctor(request: HttpRequest) -> HttpResponse:
    """Takes seconds: programs are asked what they are."""
    global _latest
    try:
        with timed("system.doctor", slow_seconds=30):
            examined = examine_apart(_port(request))
    except NotExamined as why:
        messages.error(request, str(why))
    else:
        _latest = timezone.now(), examined
    if is_partial(request):
        return varies(render(request, "_doctor.html", {**latest(), "is_answer": True}))
    return redirect(f"{reverse('system')}#doctor")


def _port(request: HttpRequest) -> int:
    """Where this server itself listens, whatever address it was asked under."""
    told = str(request.META.get("SERVER_PORT", ""))
    is_port = told.isascii() and told.isdecimal() and 0 < int(told[:6]) < 65_536
    return int(told) if is_port else DEFAULT_PORT
