"""A few models at hand: those used last, or else the newest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import F
from django.urls import reverse
from django.utils.html import format_html

from llamadash import formats
from llamadash.dashboard.tiles import Tile
from models_app.lists.facets import Counts, counts
from models_app.lists.list_rows import COLUMNS, RUNNABLE, Row, rows
from models_app.lists.listing import in_state
from models_app.lists.marks import marks
from models_app.memory.drawing import ruler
from models_app.memory.room import room
from models_app.models import RegistryVersion

SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class AtHand:
    title: str
    rows: list[Row]
    scale: str  # what the ticks in the drawings are


def registry_counts() -> Counts:
    return counts(RegistryVersion.current())


def at_hand() -> AtHand | None:
    """None where no model can be run."""
    runnable = in_state("usable").filter(hidden=False, kind__in=RUNNABLE)
    used_first = F("last_used_at").desc(nulls_last=True)
    ordered = runnable.order_by(used_first, "-first_seen_at", "name")
    found = list(ordered.values(*COLUMNS, "last_used_at")[:SHOWN])
    used = [row for row in found if row["last_used_at"] is not None]
    if not found:
        return None
    here = room()
    scale = ruler(here)
    title = "Used last" if used else "Newest models"
    return AtHand(title, rows(used or found, here, scale, marks()), scale.words if scale else "")


def models_tile(known: Counts) -> Tile:
    big = format_html("<b>{}</b>", formats.grouped(known.usable))
    sub = format_html("{}", formats.size(known.size_bytes))
    if known.problems:
        sub = format_html(
            '{} · <a href="{}">{} with a problem</a>',
            sub,
            reverse("models_app:problems"),
            formats.grouped(known.problems),
        )
    return Tile("Models", reverse("models_app:list"), big, sub)
