"""Requests as a file: CSV or JSON. Written row by row, however many there are."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import orjson

from llamadash.csv_cells import csv_cell
from proxy_app.models import RequestRecord
from proxy_app.request_facts import facts

CHUNK_CHARACTERS: Final = 1 << 15


def export_name(form: str) -> str:
    return f"requests-{datetime.now(UTC):%Y-%m-%d}.{form}"


def as_csv(
    records: Iterable[RequestRecord], columns: tuple[str, ...], staff: bool
) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for record in records:
        row = facts(record, staff=staff)
        writer.writerow([csv_cell(row[column]) for column in columns])
        if out.tell() > CHUNK_CHARACTERS:
            yield _taken(out)
    yield _taken(out)


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode("utf-8", "replace")


def as_json(
    records: Iterable[RequestRecord], columns: tuple[str, ...], staff: bool
) -> Iterator[bytes]:
    """One array; an object a line, so that line tools can read it too."""
    separator = b"[\n"
    for record in records:
        yield separator + orjson.dumps(facts(record, staff=staff))
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


Write = Callable[[Iterable[RequestRecord], tuple[str, ...], bool], Iterator[bytes]]
FORMATS: Final[dict[str, tuple[Write, str]]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "json": (as_json, "application/json"),
}
