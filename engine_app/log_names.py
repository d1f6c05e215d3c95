"""What the pages of logs call an engine: by its model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from engine_app.models import Engine
from logs_app.names import Name

PREFIX: Final = "engine."


def names(sources: Iterable[str]) -> Mapping[str, Name]:
    """Of sources `engine.7`; one whose engine is gone is left out."""
    ids = [text for source in sources if (text := source.removeprefix(PREFIX)).isdecimal()]
    rows = Engine.objects.filter(id__in=ids).values_list("id", "llama_model__name")
    return {f"{PREFIX}{number}": Name(f"engine {number}", note=name) for number, name in rows}
