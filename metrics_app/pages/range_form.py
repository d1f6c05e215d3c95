"""The form for a range of one's own, as it stands in the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from metrics_app.pages.ranges import Range, moment


@dataclass(frozen=True, slots=True)
class EndField:
    """One end. Without a script its time is UTC; a script shows `at` in the page's zone."""

    name: str
    label: str
    at: int | None  # Unix seconds; None: what was typed is no time
    error: str = ""

    @property
    def value(self) -> str:
        if self.at is None:
            return ""
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def fields_of(asked: Range) -> list[EndField]:
    return [EndField("start", "From", int(asked.start)), EndField("end", "To", int(asked.end))]


def fields_as_typed(given: Mapping[str, str], problems: Mapping[str, str]) -> list[EndField]:
    return [
        EndField(name, label, _at(given.get(name, "")), problems.get(name, ""))
        for name, label in (("start", "From"), ("end", "To"))
    ]


def _at(text: str) -> int | None:
    try:
        return int(moment(text.strip()))
    except ValueError:
        return None
