"""What the pages of logs call an engine, by its model, and a router of our own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from engine_app.models import AttachedModel, Engine, OwnRouter
from logs_app.names import Name

PREFIX: Final = "engine."
ROUTER_PREFIX: Final = "router."
MOST_NAMED: Final = 16  # of its models


def names(sources: Iterable[str]) -> Mapping[str, Name]:
    """Of sources `engine.7`; one whose engine is gone is left out."""
    ids = [text for source in sources if (text := source.removeprefix(PREFIX)).isdecimal()]
    rows = Engine.objects.filter(id__in=ids).values_list("id", "llama_model__name")
    return {f"{PREFIX}{number}": Name(f"engine {number}", note=name) for number, name in rows}


def router_names(sources: Iterable[str]) -> Mapping[str, Name]:
    """Of sources `router.1`. Lines of a model begin with the port of its process: which model that
    is, the note says."""
    ids = [text for each in sources if (text := each.removeprefix(ROUTER_PREFIX)).isdecimal()]
    found: dict[str, Name] = {}
    for router in OwnRouter.objects.filter(id__in=ids):
        server_id = router.server_id
        children = AttachedModel.objects.filter(server=server_id).exclude(child_port=None)
        note = ", ".join(f"[{each.child_port}] {each.model_id}" for each in children[:MOST_NAMED])
        found[router.source] = Name("our own router", note=note)
    return found
