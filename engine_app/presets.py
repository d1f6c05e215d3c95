"""What a model is started with: layers of options, and where each value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from django.conf import settings

from engine_app.core.allow_list import AllowList, allowing
from engine_app.core.flag_kinds import Value
from engine_app.models.preset import Preset
from models_app.models import LlamaModel, ModelKind
from models_app.options import MEMORY_CONTEXT

BUILT_IN: Final = "llamadash"
DEFAULTS: Final = "defaults"
MODEL: Final = "model"
PRESET: Final = "preset"


Layers = list[tuple[str, Mapping[str, Value]]]


class Defaults(Protocol):
    """Who knows what presets inherit: the table, or all of it read once (preset_shelf.py)."""

    def global_defaults(self) -> Preset | None: ...

    def default_of(self, model: LlamaModel) -> Preset | None: ...


@dataclass(frozen=True, slots=True)
class Effective:
    options: dict[str, Value]
    origin: dict[str, str]  # llamadash, defaults, model or preset


def allow_list() -> AllowList:
    return allowing(tuple(settings.ALLOW_FLAGS))


def effective_options(model: LlamaModel, preset: Preset | None) -> Effective:
    """The named preset over the model's default over the defaults over what the file implies."""
    return layered([*inherited(model), (PRESET, preset.options if preset else {})])


def inherited(model: LlamaModel | None, among: Defaults | None = None) -> Layers:
    """The layers below a named preset, the lowest first."""
    known: Defaults = among or Preset.objects.all()
    shared = known.global_defaults()
    layers: Layers = [(DEFAULTS, shared.options if shared else {})]
    if model is not None:
        own = known.default_of(model)
        layers = [(BUILT_IN, implied(model)), *layers, (MODEL, own.options if own else {})]
    return layers


def layers_below(
    preset: Preset | None,
    model: LlamaModel | None,
    *,
    is_default: bool,
    among: Defaults | None = None,
) -> Layers:
    """What a preset is laid over: the defaults over nothing, a model's default not over itself."""
    if preset is not None and preset.is_global:
        return []
    layers = inherited(model, among)
    return [layer for layer in layers if not (is_default and layer[0] == MODEL)]


def layered(layers: Layers) -> Effective:
    options: dict[str, Value] = {}
    origin: dict[str, str] = {}
    for name, given in layers:
        options |= given
        origin |= dict.fromkeys(given, name)
    # Options that another version of this program took and that are no longer on the list.
    listed = allow_list().ordered(options)
    return Effective(listed, {each: origin[each] for each in listed})


def implied(model: LlamaModel) -> dict[str, Value]:
    """What follows from the file. Without a context the engine would take all that was trained."""
    found: dict[str, Value] = {}
    context = MEMORY_CONTEXT.get()
    found["ctx-size"] = min(context, model.context_length) if model.context_length else context
    if model.kind == ModelKind.EMBEDDING:
        found["embeddings"] = True
    elif model.kind == ModelKind.RERANKER:
        found["reranking"] = True
    return found
