"""Which registered model a server's model is: the same path, file or name, if only one has it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath, PureWindowsPath
from typing import Final

from engine_app.core.server_answers import FoundModel
from models_app.models import FileState, LlamaModel, ModelAlias, path_key

_SEVERAL: Final = -1


class Registry:
    """Read once for all models of a server: a router may list two thousand."""

    def __init__(self) -> None:
        self._by_key: dict[str, int] = {}
        self._by_file: dict[str, int] = {}
        self._by_name: dict[str, int] = {}
        self._by_alias: dict[str, int] = {}
        rows = LlamaModel.objects.exclude(state=FileState.MISSING)
        for pk, key, name, path in rows.values_list("pk", "key", "name", "path").iterator():
            _put(self._by_key, key, pk)
            file = PurePath(path).name
            _put(self._by_file, file, pk)
            _put(self._by_name, name.casefold(), pk)
            # As llama.cpp's router names files, and llama-server does without an alias.
            _put(self._by_name, file.removesuffix(".gguf").casefold(), pk)
        for pk, name in ModelAlias.objects.values_list("llama_model_id", "name").iterator():
            _put(self._by_alias, name.casefold(), pk)

    def find(self, model: FoundModel) -> int | None:
        """Its id; None where none or several could be meant."""
        if model.path:
            found = self._by_key.get(path_key(model.path), 0) or self._by_file.get(
                PureWindowsPath(model.path).name, 0
            )
            return found if found > 0 else None
        names = [name.casefold() for name in (model.model_id, *model.aliases)]
        for known in (self._by_alias, self._by_name):
            found = next((known[name] for name in names if name in known), 0)
            if found:
                return found if found > 0 else None
        return None


def _put(known: dict[str, int], name: str, pk: int) -> None:
    if known.setdefault(name, pk) != pk:
        known[name] = _SEVERAL


def links(models: Iterable[FoundModel]) -> dict[str, int | None]:
    """By the model's id there."""
    asked = list(models)
    if not asked:
        return {}
    registry = Registry()
    return {each.model_id: registry.find(each) for each in asked}
