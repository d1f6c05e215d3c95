"""Attached servers as rows of the list of engines.

    {"attached": attached_rows()}    # for templates/engine_app/_attached_rows.html

The partial is a section of its own, which keeps itself current by the socket; where there is no
server, it says what attaching is for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Count
from django.utils.safestring import SafeString

from engine_app.attached.look import server_chip
from engine_app.models import AttachedModel, AttachedServer, ModelState

IN_MEMORY: Final = (ModelState.LOADED, ModelState.SLEEPING)
NAMED: Final = 3  # models of each that are named


@dataclass(frozen=True, slots=True)
class AttachedRow:
    server: AttachedServer
    chip: SafeString  # glyph and word of its state
    n_models: int
    n_in_memory: int
    n_loading: int
    loaded: tuple[str, ...]  # some of those in memory, by name

    @property
    def n_more(self) -> int:
        return self.n_in_memory - len(self.loaded)


def attached_rows() -> list[AttachedRow]:
    """In three questions to the database."""
    counts: dict[int, Counter[str]] = {}
    counted = AttachedModel.objects.order_by().values("server_id", "state").annotate(n=Count("pk"))
    for server_id, state, number in counted.values_list("server_id", "state", "n"):
        counts.setdefault(server_id, Counter())[state] = number
    names: dict[int, list[str]] = {}
    loaded = AttachedModel.objects.filter(state__in=IN_MEMORY).order_by("model_id")
    for server_id, name in loaded.values_list("server_id", "model_id"):
        names.setdefault(server_id, []).append(name)
    return [
        _row(server, counts.get(server.pk, Counter()), names.get(server.pk, ()))
        for server in AttachedServer.objects.exclude(managed=True, enabled=False)
    ]


def _row(server: AttachedServer, states: Counter[str], loaded: Sequence[str]) -> AttachedRow:
    return AttachedRow(
        server=server,
        chip=server_chip(server),
        n_models=states.total(),
        n_in_memory=sum(states[each] for each in IN_MEMORY),
        n_loading=states[ModelState.LOADING],
        loaded=tuple(loaded[:NAMED]),
    )
