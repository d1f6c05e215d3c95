"""The form that attaches a server or changes one. Nothing is saved before it was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from engine_app.attached import control, keys
from engine_app.attached.checking import check
from engine_app.attached.control import AttachRefused, Wanted, found
from engine_app.attached.looking import Seen
from engine_app.models import AttachedServer, ServerState
from engine_app.pages.attached_answers import server_or_404
from settings_app.staff import staff_only

CHECK: Final = "check"
ANYWAY: Final = "anyway"
NOT_SAVED: Final = "The key could not be stored: {}."


@dataclass(slots=True)
class Typed:
    """What stands in the form. The key never does: it is typed anew each time."""

    name: str = ""
    url: str = ""
    enabled: bool = True
    remove_key: bool = False
    key: str = field(default="", repr=False)
    problems: dict[str, str] = field(default_factory=dict)
    seen: Seen | None = None

    @property
    def can_do_anyway(self) -> bool:
        """A server may be away for a while; one that is none will not become one."""
        return self.seen is not None and self.seen.state == ServerState.UNREACHABLE


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only("attach servers")
def attached_new(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, None, Typed(url=request.GET.get("url", "")[:500]))
    return _submitted(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only("change attached servers")
def attached_change(request: HttpRequest, server_id: int) -> HttpResponse:
    server = server_or_404(server_id)
    if server.managed:
        messages.error(request, control.MANAGED)
        return redirect(server)
    if request.method != "POST":
        typed = Typed(server.name, str(server.address), server.enabled)
        return _page(request, server, typed)
    return _submitted(request, server)


def _submitted(request: HttpRequest, server: AttachedServer | None) -> HttpResponse:
    typed = _typed(request)
    action = request.POST.get("action", "")
    try:
        wanted = _wanted(typed, server)
        if wanted.enabled or action == CHECK:
            _look(typed, wanted, server)
        is_good = typed.seen is None or typed.seen.is_reachable
        if action != CHECK and (is_good or (action == ANYWAY and typed.can_do_anyway)):
            return _saved(request, server, wanted, typed)
    except AttachRefused as why:
        typed.problems = why.problems
    except OSError as error:
        typed.problems = {"key": NOT_SAVED.format(error.strerror or error)}
    status = 200 if action == CHECK and not typed.problems else 422
    return _page(request, server, typed, status)


def _typed(request: HttpRequest) -> Typed:
    data = request.POST
    return Typed(
        name=data.get("name", ""),
        url=data.get("url", ""),
        enabled=data.get("enabled") == "1" or "switch" not in data,
        remove_key=data.get("remove_key") == "1",
        key=data.get("key", "").strip(),
    )


def _wanted(typed: Typed, server: AttachedServer | None) -> Wanted:
    key: str | None = typed.key
    if server is not None and not typed.key and not typed.remove_key:
        key = None
    return control.wanted(typed.name, typed.url, key, enabled=typed.enabled, server=server)


def _look(typed: Typed, wanted: Wanted, server: AttachedServer | None) -> None:
    stored = keys.key_of(server.pk) if server is not None else ""
    typed.seen = check(wanted.address, stored if wanted.key is None else wanted.key)
    if typed.seen.state == ServerState.REFUSED:
        typed.problems["key"] = typed.seen.reason
    elif not typed.seen.is_reachable:
        typed.problems["url"] = typed.seen.reason


def _saved(
    request: HttpRequest, server: AttachedServer | None, wanted: Wanted, typed: Typed
) -> HttpResponse:
    if server is None:
        server = control.attach(wanted, request.user)
        what = "attached"
    else:
        control.change(server, wanted, request.user)
        what = "saved"
    messages.success(request, f"{server.name}: {what}. {_said(typed)}".strip())
    return redirect(server)


def _said(typed: Typed) -> str:
    return "" if typed.seen is None else found(typed.seen)


def _page(
    request: HttpRequest, server: AttachedServer | None, typed: Typed, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "server": server,
        "typed": typed,
        "found": _said(typed),
        "has_key": server is not None and keys.has_key(server.pk),
    }
    return render(request, "engine_app/attached_form.html", context, status=status)
