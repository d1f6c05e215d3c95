"""Presets from files and pasted commands, and into files."""

from __future__ import annotations

from typing import Any, Final

import orjson
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from engine_app import engine_help
from engine_app.core.imported import MAX_BYTES, ImportedError
from engine_app.preset_editing import PresetError
from engine_app.preset_export import models_ini, presets_json
from engine_app.preset_import import apply, decoded, plan
from settings_app.staff import require_staff

FORMS: Final = ("ini", "json")


@require_http_methods(["GET", "HEAD", "POST"])
def preset_import(request: HttpRequest) -> HttpResponse:
    """Shows what would change; a second POST, with the same text, does it."""
    require_staff(request, "import presets")
    context: dict[str, Any] = {"most_kib": MAX_BYTES >> 10}
    if request.method != "POST":
        return render(request, "engine_app/preset_import.html", context)
    try:
        text, name = _given(request)
        context |= {"text": text, "name": name}
        context["plan"] = wanted = plan(text, name)
        if request.POST.get("action") == "import":
            if request.POST.get("shown", wanted.fingerprint) == wanted.fingerprint:
                messages.success(request, apply(wanted, request.user).words)
                return redirect("presets:list")
            context["changed_meanwhile"] = True
            return render(request, "engine_app/preset_import.html", context, status=409)
    except (ImportedError, PresetError) as error:
        context["error"] = str(error)
        return render(request, "engine_app/preset_import.html", context, status=422)
    return render(request, "engine_app/preset_import.html", context)


def _given(request: HttpRequest) -> tuple[str, str]:
    """The text, pasted or uploaded, and a name for a command that has none."""
    name = request.POST.get("name", "").strip()[:100]
    file = request.FILES.get("file")
    if isinstance(file, UploadedFile):
        return decoded(file.read(MAX_BYTES + 1)).replace("\r\n", "\n"), name
    return request.POST.get("text", "").replace("\r\n", "\n"), name


@require_safe
def preset_export(request: HttpRequest, form: str) -> HttpResponse:
    if form not in FORMS:
        raise Http404("Presets can be exported as ini or json.")
    if form == "json":
        body = orjson.dumps(presets_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        response = HttpResponse(body, content_type="application/json")
        response.headers["Content-Disposition"] = 'attachment; filename="presets.json"'
        return response
    export = models_ini(engine_help.known(engine_help.binary()))
    left_out = "".join(f"; left out {left.what}: {left.why}\n" for left in export.left_out)
    response = HttpResponse(export.text + left_out, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="models.ini"'
    return response
