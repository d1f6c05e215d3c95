"""Which registered model another program's file means."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PureWindowsPath
from typing import Final

from engine_app.core.imported import Imported, is_path
from models_app.models import FileState, LlamaModel, ModelAlias, path_key

SEVERAL: Final = -1


class Registry:
    """Read once for all models of a file: by path, file name, name and alias."""

    def __init__(self) -> None:
        self._by_key: dict[str, int] = {}
        self._by_file: dict[str, int] = {}
        self._by_name: dict[str, int] = {}
        self._by_stem: dict[str, int] = {}  # as llama.cpp's router names files
        self._by_alias: dict[str, int] = {}
        self.n_aliases: dict[int, int] = {}  # by model
        self._rows: dict[int, LlamaModel] = {}
        columns = LlamaModel.objects.values_list("pk", "key", "name", "path", "state")
        for pk, key, name, path, state in columns.iterator():
            self._by_key[key] = pk
            if state != FileState.MISSING:
                file = path.rpartition("/")[2]
                _put(self._by_file, file, pk)
                _put(self._by_name, name.casefold(), pk)
                _put(self._by_stem, file.removesuffix(".gguf").casefold(), pk)
        for pk, name in ModelAlias.objects.values_list("llama_model_id", "name").iterator():
            _put(self._by_alias, name.casefold(), pk)
            self.n_aliases[pk] = self.n_aliases.get(pk, 0) + 1

    def find_all(self, found: Iterable[Imported]) -> list[LlamaModel | None]:
        """For each of them the row for its path, else for a file name, else for a name or alias
        that only one has."""
        numbers = [self._number(each) for each in found]
        self._fetch({number for number in numbers if number})
        return [self._rows.get(number) for number in numbers]

    def find_path(self, path: str) -> LlamaModel | None:
        """The row for a path, else for a file's name that only one has."""
        number = self._of_path(path)
        self._fetch({number} if number else set())
        return self._rows.get(number)

    def owner_of(self, name: str) -> int:
        """The model that has this name or alias; 0 where none has, SEVERAL where several have."""
        folded = name.casefold()
        return self._by_alias.get(folded) or self._by_name.get(folded, 0)

    def _fetch(self, numbers: set[int]) -> None:
        if missing := numbers - self._rows.keys():
            rows = LlamaModel.objects.select_related("projector")
            self._rows |= rows.in_bulk(missing)

    def _number(self, found: Imported) -> int:
        if found.is_defaults:
            return 0
        if found.model_path:
            return self._of_path(found.model_path)
        names = [name for name in (found.name, found.alias) if name]
        return next((number for name in names if (number := self._of_name(name))), 0)

    def _of_path(self, path: str) -> int:
        if not is_path(path):
            return 0
        return self._by_key.get(path_key(path)) or _one(self._by_file, PureWindowsPath(path).name)

    def _of_name(self, name: str) -> int:
        folded = name.casefold()
        tables = (self._by_alias, self._by_name, self._by_stem)
        return next((found for table in tables if (found := _one(table, folded))), 0)


def _one(known: dict[str, int], name: str) -> int:
    found = known.get(name, 0)
    return 0 if found == SEVERAL else found


def _put(known: dict[str, int], name: str, pk: int) -> None:
    if known.setdefault(name, pk) != pk:
        known[name] = SEVERAL
