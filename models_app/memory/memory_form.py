"""The launch options of the memory form; the page and the API read the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from models_app.core.launch_options import CACHE_TYPES, MAX_PARALLEL
from models_app.core.memory import Options
from models_app.memory.memory_need import Subject
from models_app.memory.spots import Spot, best_spot, spots
from models_app.options import MEMORY_CONTEXT

MAX_CONTEXT: Final = (1 << 31) - 1
MAX_LAYERS: Final = 100_000
NAMES: Final = ("ctx", "parallel", "cache_k", "cache_v", "gpu_layers", "device")


class GroupedInteger(forms.IntegerField):
    """A whole number that may be written as 16,384 or 16 384."""

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str):
            value = value.replace(",", "").replace("\u00a0", "").replace(" ", "")
            # int() of thousands of digits takes long, and no number here has as many.
            value = value[:20]
        return super().to_python(value)


class MemoryForm(forms.Form):
    """Every field may be left out; `defaults` then counts."""

    ctx = GroupedInteger(min_value=1, max_value=MAX_CONTEXT, required=False)
    parallel = GroupedInteger(min_value=1, max_value=MAX_PARALLEL, required=False)
    cache_k = forms.ChoiceField(choices=[(name, name) for name in CACHE_TYPES], required=False)
    cache_v = forms.ChoiceField(choices=[(name, name) for name in CACHE_TYPES], required=False)
    gpu_layers = GroupedInteger(min_value=0, max_value=MAX_LAYERS, required=False)
    device = forms.ChoiceField(required=False)

    def __init__(
        self,
        given: Mapping[str, Any],
        *,
        spots: Sequence[Spot],
        best_spot: Spot | None,
        layers: int | None,
        trained_context: int | None,
    ) -> None:
        super().__init__(given)
        self.spots = spots
        self.best_spot = best_spot
        self.layers = layers
        self.trained_context = trained_context
        device = self.fields["device"]
        assert isinstance(device, forms.ChoiceField)  # noqa: S101 - for the type checker
        device.choices = [(spot.key, spot.label) for spot in spots]

    @property
    def defaults(self) -> dict[str, Any]:
        """The context lists show, where it fits best, with all layers on a GPU."""
        context = MEMORY_CONTEXT.get()
        if self.trained_context:
            context = min(context, self.trained_context)
        return {
            "ctx": context,
            "parallel": 1,
            "cache_k": "f16",
            "cache_v": "f16",
            "gpu_layers": self.layers or 0,
            "device": self.best_spot.key if self.best_spot else "",
        }

    def is_emptied(self, name: str) -> bool:
        """Whether the field was sent without a value, so that the default counts unseen."""
        return name in self.data and not str(self.data[name]).strip()

    def chosen(self, name: str) -> Any:
        """The value to compute with: checked, or the default where none was given."""
        value = self.cleaned_data.get(name)
        return self.defaults[name] if value in (None, "") else value

    def shown(self, name: str) -> str:
        """What stands in the field: the typed text if it is wrong, else the value."""
        typed = self.data.get(name, "")
        if name in self.errors:
            return str(typed)
        value = self.chosen(name) if self.is_valid() else typed or self.defaults[name]
        return f"{value:,}" if isinstance(value, int) else str(value)

    def options(self) -> Options:
        """Raises EstimateError for what the fields alone cannot check."""
        return Options(
            ctx=self.chosen("ctx"),
            parallel=self.chosen("parallel"),
            type_k=self.chosen("cache_k"),
            type_v=self.chosen("cache_v"),
            gpu_layers=min(self.chosen("gpu_layers"), MAX_LAYERS),
        )

    def spot(self) -> Spot | None:
        key = self.chosen("device")
        return next((spot for spot in self.spots if spot.key == key), None)


def memory_form(subject: Subject, given: Mapping[str, Any]) -> MemoryForm:
    found = spots()
    return MemoryForm(
        given,
        spots=found,
        best_spot=best_spot(subject.model, found),
        layers=subject.layers(),
        trained_context=subject.trained_context(),
    )
