"""All presets, read once for many questions."""

from __future__ import annotations

from engine_app.models.preset import Preset
from models_app.models import LlamaModel


class Shelf:
    """What is saved after it was read has to be put on it."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}  # without case -> id
        self._rows: dict[int, Preset] = {}
        self._defaults: dict[int | None, Preset] = {}  # by model; None: for all
        for preset in Preset.objects.select_related("llama_model"):
            self.put(preset)

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, preset: Preset) -> None:
        if (before := self._rows.get(preset.pk)) is not None:
            self.names.pop(before.name.casefold(), None)
        self._rows[preset.pk] = preset
        self.names[preset.name.casefold()] = preset.pk
        if preset.is_default:
            self._defaults[preset.llama_model_id] = preset

    def named(self, name: str) -> Preset | None:
        """Not what all models inherit: that has no name of its own."""
        found = self._rows.get(self.names.get(name.casefold(), 0))
        return None if found is None or found.is_global else found

    def global_defaults(self) -> Preset | None:
        return self._defaults.get(None)

    def default_of(self, model: LlamaModel) -> Preset | None:
        return self._defaults.get(model.pk)
