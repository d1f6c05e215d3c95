"""Lines as the page draws them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from logs_app.asking import Question
from logs_app.core import ansi, levels
from logs_app.core.sources import APP
from logs_app.names import Name
from logs_app.reading import ALL, Row

CHUNK_LINES: Final = 50  # in one <pre>, so that the browser lays out only what is seen


@dataclass(frozen=True, slots=True)
class Part:
    text: str
    classes: str
    is_found: bool


@dataclass(frozen=True, slots=True)
class ShownLine:
    id: int
    at: int
    clock: str
    title: str
    href: str  # of this very line
    letter: str  # its level, where the text itself does not say it
    classes: str
    who: Name | None
    parts: list[Part]


def chunks(
    rows: list[Row], question: Question, called: Mapping[str, Name]
) -> list[list[ShownLine]]:
    needle = "" if question.regex else question.q
    marks = re.compile(f"({re.escape(needle)})", re.IGNORECASE) if needle else None
    lines = [shown(row, question, called, marks) for row in rows]
    return [lines[at : at + CHUNK_LINES] for at in range(0, len(lines), CHUNK_LINES)]


def shown(
    row: Row, question: Question, called: Mapping[str, Name], marks: re.Pattern[str] | None
) -> ShownLine:
    moment = datetime.fromtimestamp(row.at / 1000, UTC)
    level, kind = row.tag[0], row.tag[1]
    is_ours = kind in (levels.EVENT, levels.GAP)
    says_level = row.source != APP and not is_ours
    return ShownLine(
        id=row.id,
        at=row.at,
        clock=f"{moment:%H:%M:%S}.{row.at % 1000:03d}",
        title=f"{moment:%Y-%m-%d %H:%M:%S} UTC",
        href=f"?{urlencode({'source': row.source, 'line': row.place})}#l{row.place}"
        if row.place
        else "",
        letter="" if says_level or level == levels.UNKNOWN else level,
        classes=" ".join(_classes(level, kind)),
        who=called.get(row.source) if question.source == ALL else None,
        parts=list(_parts(row.text, marks)),
    )


def _classes(level: str, kind: str) -> Iterator[str]:
    if level in "EW":
        yield level.lower()
    if kind in (levels.EVENT, levels.GAP):
        yield "ev"


def _parts(text: str, marks: re.Pattern[str] | None) -> Iterable[Part]:
    for span in ansi.spans(text):
        pieces = marks.split(span.text) if marks else [span.text]
        for number, piece in enumerate(pieces):
            if piece:
                yield Part(piece, span.classes, bool(number % 2))
