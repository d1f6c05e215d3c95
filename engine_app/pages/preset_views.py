"""Presets: the list, copying, deleting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from engine_app.core.flag_kinds import Value
from engine_app.models.preset import Preset
from engine_app.pages.preset_found import preset_or_404
from engine_app.preset_editing import (
    PresetError,
    duplicate,
    global_defaults,
    remove,
)
from engine_app.preset_refs import with_names
from engine_app.presets import (
    allow_list,
)
from models_app.pages.shared import is_partial, varies
from settings_app.staff import staff_only

ROWS: Final = 50
SHOWN_OPTIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Row:
    preset: Preset
    summary: str


@require_safe
def preset_list(request: HttpRequest) -> HttpResponse:
    q = request.GET.get("q", "").replace("\0", "").strip()[:200]
    found = _matching(q)
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    context = {
        "q": q,
        "page": page,
        "rows": [Row(preset, _summary(preset.options)) for preset in page],
        "total": Preset.objects.exclude(is_default=True, llama_model=None).count(),
        "defaults": Row(shared := global_defaults(), _summary(shared.options)),
        "before": _page_query(q, page.number - 1),
        "after": _page_query(q, page.number + 1),
    }
    part = "#list" if is_partial(request) else ""
    return varies(render(request, f"engine_app/preset_list.html{part}", context))


def _matching(q: str) -> QuerySet[Preset]:
    found = Preset.objects.exclude(is_default=True, llama_model=None).select_related("llama_model")
    for word in q.split()[:8]:
        found = found.filter(
            Q(name__icontains=word)
            | Q(llama_model__name__icontains=word)
            | Q(notes__icontains=word)
        )
    return found


def _page_query(q: str, number: int) -> str:
    return urlencode({k: v for k, v in (("q", q), ("page", number)) if v})


def _summary(options: Mapping[str, Value]) -> str:
    flags = allow_list().flags
    known = [(flags[name], value) for name, value in options.items() if name in flags]
    words = [f"{flag.label} {with_names(flag, value)}" for flag, value in known[:SHOWN_OPTIONS]]
    more = len(known) - SHOWN_OPTIONS
    return " · ".join(words) + (f" · and {more} more" if more > 0 else "")


@require_POST
@staff_only("change presets")
def preset_copy(request: HttpRequest, preset_id: int) -> HttpResponse:
    preset = preset_or_404(preset_id)
    try:
        copied = duplicate(preset)
    except PresetError as error:
        messages.error(request, str(error))
        return redirect("presets:change", preset.pk)
    messages.success(request, f"This is a copy of {preset.label}.")
    return redirect("presets:change", copied.pk)


@require_POST
@staff_only("change presets")
def preset_delete(request: HttpRequest, preset_id: int) -> HttpResponse:
    preset = preset_or_404(preset_id)
    try:
        remove(preset)
    except PresetError as error:
        messages.error(request, str(error))
        return redirect("presets:change", preset.pk)
    messages.success(request, f"{preset.name} was deleted.")
    return redirect("presets:list")
