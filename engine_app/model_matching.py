"""Which registered model another program's file means."""

from __future__ import annotations

from pathlib import Path

from engine_app.core.imported import Imported
from models_app.models import LlamaModel, ModelAlias, path_key


def find_model(found: Imported) -> LlamaModel | None:
    """The registry's row for a path, else for a file name, else for a name or alias."""
    if found.model_path:
        return find_path(found.model_path)
    names = [name for name in (found.name, found.alias) if name]
    return next((model for name in names if (model := _by_name(name))), None)


def find_path(path: str) -> LlamaModel | None:
    """The row for a path, else for a file's name that only one has."""
    if found := LlamaModel.objects.filter(key=path_key(path)).first():
        return found
    name = Path(path).name
    ending = LlamaModel.objects.filter(path__endswith=f"/{name}").exclude(state="missing")[:2]
    return ending[0] if name and len(ending) == 1 else None


def _by_name(name: str) -> LlamaModel | None:
    if alias := ModelAlias.objects.filter(name__iexact=name).select_related("llama_model").first():
        return alias.llama_model
    present = LlamaModel.objects.exclude(state="missing")
    for query in (
        present.filter(name__iexact=name),
        present.filter(path__endswith=f"/{name}.gguf"),  # as llama.cpp's router names files
    ):
        if len(found := list(query[:2])) == 1:
            return found[0]
    return None
