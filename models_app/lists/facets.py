"""What a list can be narrowed to, with how many models each choice has, and the tabs' counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Count, Q, Sum

from llamadash.perf import timed
from models_app.lists.listing import UNUSABLE, in_state
from models_app.models import ModelKind, ModelRoot
from models_app.querysets import PROBLEM_STATES


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    architectures: tuple[Choice, ...]
    quantizations: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    roots: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """What the tabs and the head say: models that can be used, those with problems, folders."""

    usable: int
    problems: int
    hidden: int  # of the usable ones
    size_bytes: int
    folders: int


@lru_cache(maxsize=8)
@timed("models.facets")
def facets(version: str, state: str) -> Facets:
    """`version` is the registry's: the answer is asked for again once it has changed."""
    return Facets(
        architectures=tuple(_choices(state, "architecture")),
        quantizations=tuple(_choices(state, "quantization")),
        kinds=tuple(_choices(state, "kind")),
        roots=tuple(_roots(state)),
    )


def _choices(state: str, column: str) -> list[Choice]:
    found = in_state(state).filter(hidden=False)
    counted = found.values_list(column).annotate(n=Count("id")).order_by(column)
    labels = dict(ModelKind.choices) if column == "kind" else {}
    return [Choice(value, labels.get(value, value), n) for value, n in counted if value]


def _roots(state: str) -> list[Choice]:
    found = in_state(state).filter(hidden=False)
    counts = dict(found.values_list("root_id").annotate(n=Count("id")).order_by("root_id"))
    roots = ModelRoot.objects.filter(enabled=True).values_list("id", "path").order_by("path")
    return [Choice(str(pk), path, counts.get(pk, 0)) for pk, path in roots]


@lru_cache(maxsize=2)
@timed("models.counts")
def counts(version: str) -> Counts:
    """See `facets`."""
    usable = ~Q(state__in=UNUSABLE)
    found = in_state("all").aggregate(
        n_usable=Count("id", filter=usable & Q(hidden=False)),
        n_hidden=Count("id", filter=usable & Q(hidden=True)),
        n_problems=Count("id", filter=Q(state__in=PROBLEM_STATES) & Q(hidden=False)),
        size=Sum("size_bytes", filter=usable & Q(hidden=False)),
    )
    return Counts(
        usable=found["n_usable"],
        problems=found["n_problems"],
        hidden=found["n_hidden"],
        size_bytes=found["size"] or 0,
        folders=ModelRoot.objects.count(),
    )
