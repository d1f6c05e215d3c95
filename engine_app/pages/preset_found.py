"""What all pages of presets ask for."""

from __future__ import annotations

from typing import Final

from django.shortcuts import get_object_or_404

from engine_app.models.preset import Preset

MOST_CHOICES: Final = 500  # of models and presets in a select


def preset_or_404(preset_id: int) -> Preset:
    found = Preset.objects.select_related("llama_model", "llama_model__projector")
    return get_object_or_404(found, pk=preset_id)
