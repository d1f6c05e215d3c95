"""The models that can be talked to, and what the engine of each does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.conf import settings

from engine_app.models import Engine
from engine_app.pages.engine_hues import hues
from engine_app.pages.engine_look import look
from models_app.models import LlamaModel, ModelKind
from proxy_app import catalogue
from proxy_app.catalogue import Entry

TALKING: Final = (ModelKind.CHAT, ModelKind.UNKNOWN)
# What an engine is that does nothing, or that there is not yet.
_AT_REST: Final = ("stopped", "stopped", "", None)


@dataclass(frozen=True, slots=True)
class Choice:
    id: str  # as requests name it
    name: str
    model_id: int
    engine_id: int | None  # None: none was ever made for it
    css: str  # of its state's look
    glyph: str
    word: str
    more: str
    hue: str  # empty: not in memory
    sees: bool  # takes images
    context_length: int | None

    @property
    def is_in_memory(self) -> bool:
        return bool(self.hue)

    @property
    def calm_word(self) -> str:
        """Without how far it is: a list does not move."""
        return self.word.partition(" ")[0] if self.css == "load" else self.word

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def choices() -> list[Choice]:
    """Those in memory first, else by name."""
    entries = [each for each in catalogue.read_names().entries if each.kind in TALKING]
    engines = {
        (engine.llama_model_id, engine.preset_id or 0): engine
        for engine in Engine.objects.here(settings.NODE)
    }
    held = hues()
    seeing = _seeing()
    found = [
        _choice(
            entry,
            engines.get((entry.model_id, entry.preset_id or 0)),
            held.get(entry.model_id, ""),
            entry.model_id in seeing,
        )
        for entry in entries
    ]
    return sorted(found, key=lambda each: (not each.is_in_memory, each.id.casefold()))


def _seeing() -> set[int]:
    """Whose projector is there: without one an engine takes no images, whatever a template says."""
    with_projector = LlamaModel.objects.exclude(projector=None)
    return set(with_projector.values_list("pk", flat=True))


def _choice(entry: Entry, engine: Engine | None, hue: str, sees: bool) -> Choice:
    state: tuple[str, str, str, float | None] = _AT_REST
    if engine is not None:
        state = (engine.state, engine.desired, engine.phase, engine.progress)
    seen = look(*state)
    is_alive = engine is not None and engine.is_alive
    return Choice(
        id=entry.id,
        name=entry.name,
        model_id=entry.model_id,
        engine_id=None if engine is None else engine.pk,
        css=seen.css,
        glyph=seen.glyph,
        word="not loaded" if seen.word == "stopped" else seen.word,
        more=seen.more,
        hue=hue if is_alive else "",
        sees=sees,
        context_length=entry.context_length,
    )


def chosen(given: Iterable[Choice], name: str) -> Choice | None:
    """The one of this id, else the first: what is in memory answers at once."""
    listed = list(given)
    found = next((each for each in listed if each.id == name), None)
    return found or (listed[0] if listed else None)
