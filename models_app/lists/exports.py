"""A list of models as a file: CSV, JSON, Markdown. Written row by row, whatever its length."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from asgiref.sync import sync_to_async

from llamadash.csv_cells import csv_cell

CHUNK_BYTES: Final = 1 << 16
Rows = Iterable[dict[str, Any]]

COLUMNS: Final = (
    "id", "name", "kind", "state", "reason", "architecture", "quantization", "parameters",
    "bits_per_weight", "size_bytes", "context_length", "weights_bytes", "cache_bytes",
    "compute_bytes", "memory_context", "favourite", "capabilities", "tags", "path",
    "first_seen_at", "last_used_at",
)  # fmt: skip
MARKDOWN_COLUMNS: Final = (
    "name", "kind", "architecture", "quantization", "parameters", "size_bytes", "context_length",
)  # fmt: skip


def export_name(form: str) -> str:
    return f"models-{datetime.now(UTC):%Y-%m-%d}.{form}"


def as_csv(rows: Rows) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([csv_cell(row[column]) for column in COLUMNS])
        if out.tell() > 1 << 15:
            yield _taken(out)
    yield _taken(out)


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode("utf-8", "replace")


def as_json(rows: Rows) -> Iterator[bytes]:
    """One array; an object a line, so that line tools can read it too."""
    separator = b"[\n"
    for row in rows:
        yield separator + orjson.dumps({column: row[column] for column in COLUMNS})
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def as_markdown(rows: Rows) -> Iterator[bytes]:
    yield f"| {' | '.join(MARKDOWN_COLUMNS)} |\n".encode()
    yield f"|{' --- |' * len(MARKDOWN_COLUMNS)}\n".encode()
    for row in rows:
        cells = (markdown_cell(row[column]) for column in MARKDOWN_COLUMNS)
        yield f"| {' | '.join(cells)} |\n".encode("utf-8", "replace")


def markdown_cell(value: Any) -> str:
    """Hostile names stay text: no cell ends early, no link, picture or HTML begins."""
    text = " ".join(str("" if value is None else value).split())
    for character in "\\`*_{}[]<>()#+!|&~":
        text = text.replace(character, f"\\{character}")
    return text


async def pulled(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same for an event loop: read in the request's thread, a chunk of lines at a time."""
    read = sync_to_async(_chunk)
    while chunk := await read(lines):
        yield chunk


def _chunk(lines: Iterator[bytes]) -> bytes:
    """Some 64 KiB of them; nothing at the end."""
    chunk = bytearray()
    for line in lines:
        chunk += line
        if len(chunk) >= CHUNK_BYTES:
            break
    return bytes(chunk)


FORMATS: Final[dict[str, tuple[Callable[[Rows], Iterator[bytes]], str]]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "json": (as_json, "application/json"),
    "md": (as_markdown, "text/markdown; charset=utf-8"),
}
