"""How an imported file wants its models served: names, idle time, start, place in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from engine_app import control
from engine_app.core.imported import Change, LeftOut, Serving
from engine_app.model_matching import Registry
from engine_app.models import Engine, Preset
from models_app.editing import MAX_ALIASES, EditError, checked
from models_app.models import LlamaModel

if TYPE_CHECKING:
    from engine_app.control import User

NO_MODEL: Final = "The registry does not have its model."
_SHOWN: Final = {
    "idle_ttl_seconds": "stops when idle, s",
    "preload": "starts with the program",
    "pinned": "stays in memory",
}
_FIELDS: Final = ("idle_ttl_seconds", "preload", "pinned")


def asked(serving: Serving) -> dict[str, int | bool]:
    """Fields of an engine that the file says something of. That it says nothing is no wish."""
    found: dict[str, int | bool] = {}
    if serving.idle_seconds is not None:
        found["idle_ttl_seconds"] = serving.idle_seconds
    if serving.preload:
        found["preload"] = True
    if serving.pinned:
        found["pinned"] = True
    return found


class Engines:
    """Those of this node, read once: what they are set to."""

    def __init__(self) -> None:
        rows = Engine.objects.here(settings.NODE).values("llama_model_id", "preset_id", *_FIELDS)
        self._rows = {(row["llama_model_id"], row["preset_id"]): row for row in rows}

    def changes(self, model: LlamaModel, preset_id: int | None, serving: Serving) -> list[Change]:
        row = self._rows.get((model.pk, preset_id), {})
        return [
            Change(_SHOWN[name], _word(row.get(name)), _word(value))
            for name, value in asked(serving).items()
            if row.get(name) != value or type(row.get(name)) is not type(value)
        ]


Wish = tuple[LlamaModel, Preset | None, Serving]


def set_engines(wishes: Iterable[Wish], user: User) -> None:
    """Engines are made where there are none, all at once; nothing is started."""
    wanted = {
        (model.pk, preset.pk if preset else None): values
        for model, preset, serving in wishes
        if (values := asked(serving))
    }
    if not wanted:
        return
    here = Engine.objects.here(settings.NODE).select_related("llama_model")
    there = {(each.llama_model_id, each.preset_id): each for each in here}
    for key, engine in there.items():
        values = wanted.get(key, {})
        different = {k: v for k, v in values.items() if getattr(engine, k) != v}
        if different:
            control.change(engine, different, user)
    Engine.objects.bulk_create(
        Engine(llama_model_id=key[0], preset_id=key[1], node=settings.NODE, **values)
        for key, values in wanted.items()
        if key not in there
    )


class Names:
    """New names of models, each of which only one may have."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.new: dict[int, list[str]] = {}  # by model
        self._folded: dict[str, int] = {}

    def take(self, model: LlamaModel, names: list[str], left_out: list[LeftOut]) -> list[Change]:
        return [
            Change("alias", "", name) for name in names if self._take_one(model, name, left_out)
        ]

    def _take_one(self, model: LlamaModel, name: str, left_out: list[LeftOut]) -> bool:
        folded = name.casefold()
        owner = self._folded.get(folded) or self._registry.owner_of(name)
        if owner == model.pk:
            return False
        if why := self._refused(model, name, owner):
            left_out.append(LeftOut(f"alias {name[:64]}", why))
            return False
        self._folded[folded] = model.pk
        self.new.setdefault(model.pk, []).append(name)
        return True

    def _refused(self, model: LlamaModel, name: str, owner: int) -> str:
        if owner:
            return "It is a name of another model already."
        n_names = self._registry.n_aliases.get(model.pk, 0) + len(self.new.get(model.pk, ()))
        if n_names >= MAX_ALIASES:
            return f"A model has at most {MAX_ALIASES} aliases."
        try:
            checked("aliases", [name])
        except EditError as error:
            return str(error)
        return ""


def _word(value: Any) -> str:
    if value is None or value is False:
        return ""
    return "yes" if value is True else str(value)
