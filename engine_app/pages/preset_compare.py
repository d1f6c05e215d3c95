"""What two presets start their models with, where it is not the same."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engine_app.models.preset import Preset
from engine_app.pages.preset_found import MOST_CHOICES, preset_or_404
from engine_app.preset_refs import with_names
from engine_app.presets import (
    PRESET,
    Effective,
    allow_list,
    effective_options,
    layered,
    layers_below,
)


@dataclass(frozen=True, slots=True)
class Difference:
    label: str
    option: str
    here: str
    here_from: str
    there: str
    there_from: str


@require_safe
def preset_compare(request: HttpRequest, preset_id: int) -> HttpResponse:
    """What two presets start their models with, where it is not the same."""
    preset = preset_or_404(preset_id)
    number = request.GET.get("with", "")
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    other = preset_or_404(int(number)) if is_number else None
    here, there = _effective(preset), _effective(other) if other else None
    context = {
        "preset": preset,
        "other": other,
        "others": Preset.objects.exclude(pk=preset.pk)[:MOST_CHOICES],
        "differences": _differences(here, there) if there else [],
        "n_same": _n_same(here, there) if there else 0,
    }
    return render(request, "engine_app/preset_compare.html", context)


def _effective(preset: Preset) -> Effective:
    if preset.llama_model is None or preset.is_default:
        layers = layers_below(preset, preset.llama_model, is_default=preset.is_default)
        return layered([*layers, (PRESET, preset.options)])
    return effective_options(preset.llama_model, preset)


def _differences(here: Effective, there: Effective) -> list[Difference]:
    flags = allow_list().flags
    return [
        Difference(flag.label, name, *_side(here, name), *_side(there, name))
        for name, flag in flags.items()
        if here.options.get(name) != there.options.get(name)
    ]


def _side(effective: Effective, name: str) -> tuple[str, str]:
    if name not in effective.options:
        return "", ""
    words = {PRESET: "", "llamadash": "from the file", "model": "the model's default"}
    origin = effective.origin[name]
    flag = allow_list().flags[name]
    return with_names(flag, effective.options[name]), words.get(origin, f"from the {origin}")


def _n_same(here: Effective, there: Effective) -> int:
    return sum(there.options.get(name) == value for name, value in here.options.items())
