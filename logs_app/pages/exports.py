"""Lines as a file, read page by page, whatever their number."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Final

import orjson
from asgiref.sync import sync_to_async

from logs_app import api, reading
from logs_app.asking import MOST_LINES, Question
from logs_app.core import levels
from logs_app.core.ansi import stripped
from logs_app.reading import ALL, Row
from logs_app.regex import RegexError

CHUNK_BYTES: Final = 1 << 16
NOT_ASKED: Final = ("before", "after", "line", "at", "limit")


def export_name(question: Question, form: str) -> str:
    source = "logs" if question.source == ALL else question.source
    return f"{source}-{datetime.now(UTC):%Y-%m-%d}.{form}"


def lines(question: Question, staff: bool, write: Callable[[Row], bytes]) -> Iterator[bytes]:
    """From the oldest to the newest. The file says it when it had to end early."""
    cursor: int | None = None
    while True:
        try:
            page = reading.after(question.source, question.filter, cursor, MOST_LINES, staff)
        except RegexError as error:
            yield f"(ended early: {error})\n".encode()
            return
        yield from map(write, page.rows)
        if page.newer is None:
            return
        cursor = page.newer


def as_text(row: Row) -> bytes:
    """A line of the file for each of the row's, with what it is in columns of their own: no text
    of a program can pass as one of ours, which have a `*`, or `!` where lines are missing."""
    moment = datetime.fromtimestamp(row.at / 1000, UTC)
    level = " " if row.tag[0] == levels.UNKNOWN else row.tag[0]
    head = f"{moment:%Y-%m-%d %H:%M:%S}.{row.at % 1000:03d} {row.source} {level}"
    first, *rest = stripped(row.text).split("\n")
    lines = [
        f"{head}{row.tag[1]} {first}\n",
        *(f"{head}{levels.CONTINUED} {each}\n" for each in rest),
    ]
    return "".join(lines).encode("utf-8", "replace")


def as_jsonl(row: Row) -> bytes:
    return orjson.dumps(api.line(row)) + b"\n"


async def pulled(found: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same for an event loop: read in the request's thread, a chunk at a time."""
    read = sync_to_async(_chunk)
    while chunk := await read(found):
        yield chunk


def _chunk(found: Iterator[bytes]) -> bytes:
    chunk = bytearray()
    for line in found:
        chunk += line
        if len(chunk) >= CHUNK_BYTES:
            break
    return bytes(chunk)


FORMATS: Final[dict[str, tuple[Callable[[Row], bytes], str]]] = {
    "log": (as_text, "text/plain; charset=utf-8"),
    "jsonl": (as_jsonl, "application/x-ndjson"),
}
