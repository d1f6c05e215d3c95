"""Rows of the models page: every cell as text, so that fifty of them cost little to draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from llamadash import formats
from models_app.lists.marks import Mark, Marks, mark
from models_app.memory.drawing import Ruler, need_bar
from models_app.memory.room import Room
from models_app.models import FileState, ModelKind

COLUMNS: Final = (
    "id", "name", "state", "reason", "kind", "architecture", "parameters", "quantization",
    "bits_per_weight", "size_bytes", "context_length", "capabilities", "weights_bytes",
    "cache_bytes", "compute_bytes", "memory_is_lower_bound", "memory_context", "favourite",
    "hidden", "copies", "first_seen_at", "parse_source",
)  # fmt: skip

# "system" is what nearly every template has: said of each model, it would tell none apart.
SHOWN_CAPABILITIES: Final = ("tools", "thinking", "vision")
KIND_WORDS: Final = dict(ModelKind.choices)
# What can be loaded by itself, as far as is known.
RUNNABLE: Final = (ModelKind.CHAT, ModelKind.EMBEDDING, ModelKind.RERANKER, ModelKind.UNKNOWN)
STATE_WORDS: Final = dict(FileState.choices)
BITS: Final = ' <span class="mut p3" title="bits per weight">{}</span>'
UNKNOWN_NEED: Final = '<td role="cell" class="p2">{}</td><td role="cell" class="p2">{}</td>'
NEED: Final = '<td role="cell">{}</td><td role="cell" class="nw">{}</td>'


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    url: str
    name: str
    favourite: bool
    note: str  # quiet words behind the name
    kind: str
    trouble: str  # empty, or the word of a state that is not "present"
    reason: str
    architecture: str
    parameters: str
    parameters_exact: str
    quantization: str
    bits: str  # an element, or empty
    size: str
    size_exact: str
    context: str
    memory: SafeString  # two cells: the bar, and where it fits
    added_at: datetime
    mark: Mark
    can_run: bool


def rows(
    found: Iterable[dict[str, Any]], room: Room, ruler: Ruler | None, marks: Marks
) -> list[Row]:
    pattern = reverse("models_app:detail", args=[0])
    return [_row(each, room, ruler, pattern, marks) for each in found]


def _row(row: dict[str, Any], room: Room, ruler: Ruler | None, pattern: str, marks: Marks) -> Row:
    need, title = _need(row)
    bits, parameters = row["bits_per_weight"], row["parameters"]
    return Row(
        id=row["id"],
        url=pattern.replace("0", str(row["id"])),
        name=row["name"],
        favourite=row["favourite"],
        note=_note(row),
        kind=KIND_WORDS.get(row["kind"], row["kind"]),
        trouble="" if row["state"] == "ok" else STATE_WORDS.get(row["state"], row["state"]),
        reason=row["reason"],
        architecture=row["architecture"] or formats.UNKNOWN,
        parameters=formats.count(parameters),
        parameters_exact=formats.grouped(parameters) if parameters else "not known",
        quantization=row["quantization"] or formats.UNKNOWN,
        bits="" if bits is None else format_html(BITS, f"{bits:.1f}"),
        size=formats.size(row["size_bytes"]),
        size_exact=f"{row['size_bytes']:,} bytes",
        context=formats.grouped(row["context_length"]),
        memory=_memory(row, need, title, room, ruler),
        added_at=row["first_seen_at"],
        mark=mark(marks, row["id"], row["name"]),
        can_run=row["kind"] in RUNNABLE and row["state"] == FileState.OK,
    )


def _note(row: dict[str, Any]) -> str:
    words = [word for word in SHOWN_CAPABILITIES if word in row["capabilities"]]
    if row["copies"] > 1:
        words.append(f"{row['copies']} copies")
    if row["hidden"]:
        words.append("hidden")
    return ", ".join(words)


def _need(row: dict[str, Any]) -> tuple[int | None, str]:
    parts = (row["weights_bytes"], row["cache_bytes"], row["compute_bytes"])
    if None in parts:
        return None, "The file does not state what an estimate needs"
    need = sum(parts)
    at_least = "at least" if row["memory_is_lower_bound"] else "about"
    context = formats.grouped(row["memory_context"])
    return need, f"needs {at_least} {formats.size(need)} at a context of {context}"


def _memory(
    row: dict[str, Any], need: int | None, title: str, room: Room, ruler: Ruler | None
) -> SafeString:
    """Two cells: what it needs, drawn or in words, and where that can be."""
    if need is None:
        dash = format_html('<span class="mut" title="{}">-</span>', title)
        return format_html(UNKNOWN_NEED, dash, dash)
    if ruler is None:
        text = format_html('<span class="est" title="{}">{}</span>', title, formats.size(need))
        return format_html(NEED, text, "-")
    drawn = need_bar(ruler, row["weights_bytes"], need, title)
    return format_html(NEED, drawn, room.words(room.place(need)))
