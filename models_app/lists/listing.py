"""The one question behind every list of models: the page, the API and the exports ask the same.

query, problems = read(request.GET)      # problems: parameter -> what is wrong with it
page = turn(query, ("id", "name"))       # rows as dictionaries, cursors to both sides
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from django.db.models import BigIntegerField, ExpressionWrapper, F

from models_app.lists.keyset import Cursor, SortKey, beyond, decode, order
from models_app.memory.room import PLACES, room
from models_app.models import FileState, LlamaModel, ModelKind, ModelRoot
from models_app.querysets import PROBLEM_STATES, LlamaModelQuerySet

PAGE_ROWS: Final = 50
MAX_ROWS: Final = 1000
MAX_TEXT: Final = 200
NEED: Final = "need_bytes"  # the annotation with the memory a model needs

# What the Models tab leaves out: they cannot be used until something is done about them. An
# incomplete model stays, because it is usually on its way.
UNUSABLE: Final = ("invalid", "unreadable", "missing")
STATES: Final = ("usable", "problems", "all", *FileState.values)

# What a model can do, as scans read it from the file (core.templates and core.facts).
CAPABILITIES: Final = ("tools", "thinking", "vision")
MOST_NUMBER: Final = (1 << 63) - 1

SORT_KEYS: Final[dict[str, SortKey]] = {
    "name": SortKey("name"),
    "kind": SortKey("kind"),
    "state": SortKey("state"),
    "arch": SortKey("architecture", nullable=True),
    "quant": SortKey("quantization", nullable=True),
    "params": SortKey("parameters", int, nullable=True, biggest_first=True),
    "size": SortKey("size_bytes", int, biggest_first=True),
    "context": SortKey("context_length", int, nullable=True, biggest_first=True),
    "memory": SortKey(NEED, int, nullable=True, biggest_first=True),
    "added": SortKey("first_seen_at", datetime, biggest_first=True),
    "last_used": SortKey("last_used_at", datetime, nullable=True, biggest_first=True),
}


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A checked question. Field names are the parameters of addresses."""

    q: str = ""
    arch: str = ""
    quant: str = ""
    kind: str = ""
    state: str = "usable"
    root: int | None = None
    fits: str = ""
    can: str = ""  # one of CAPABILITIES
    min_params: int | None = None
    min_context: int | None = None
    hidden: bool = False  # hidden models too
    sort: str = "name"
    cursor: Cursor | None = None
    limit: int = PAGE_ROWS

    @property
    def key(self) -> SortKey:
        return SORT_KEYS[self.sort.removeprefix("-")]

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def is_filtered(self) -> bool:
        return self.n_filters > 0 or bool(self.q) or self.state not in ("usable", "problems")

    @property
    def n_filters(self) -> int:
        """How many narrow the list beside the search."""
        chosen = (self.arch, self.quant, self.kind, self.root, self.fits, self.can)
        return sum(map(bool, (*chosen, self.min_params, self.min_context)))

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a form has to send along so that the list stays narrowed as it is."""
        return parse_qsl(self.address(sort="name", cursor=None, state="usable", limit=PAGE_ROWS))

    def address(self, **changes: Any) -> str:
        """The query string of this question with some parameters changed; defaults are left out."""
        asked = replace(self, **changes)
        parts = {}
        for field in fields(asked):
            value = getattr(asked, field.name)
            if value == field.default:
                continue
            if isinstance(value, Cursor):
                value = value.encode()
            parts[field.name] = "1" if value is True else str(value)
        return urlencode(parts)


def read(given: Mapping[str, str]) -> tuple[ListQuery, dict[str, str]]:
    """What can be used of the parameters, and what is wrong with the others."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, text in given.items():
        if name == "cursor":
            continue
        parse = _PARSERS.get(name)
        try:
            if parse is None:
                raise ValueError(f"unknown; possible are {', '.join((*_PARSERS, 'cursor'))}")
            if text != "":
                values[name] = parse(text)
        except ValueError as error:
            problems[name] = str(error)
    query = ListQuery(**values)
    if text := given.get("cursor", ""):
        try:
            query = replace(query, cursor=decode(text, query.sort, query.key))
        except ValueError as error:
            problems["cursor"] = str(error)
    return query, problems


def _text(text: str) -> str:
    # NUL cannot be stored by PostgreSQL, nor asked for; a lone surrogate by no database.
    clean = text.replace("\0", "").encode("utf-8", "replace").decode()
    if len(clean) > MAX_TEXT:
        raise ValueError(f"longer than {MAX_TEXT} characters")
    return clean.strip()


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return parse


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        # isdecimal alone lets thousands of digits through, which int() takes long for.
        if not (text.isascii() and text.isdecimal() and len(text) < 20):
            raise ValueError(f"must be a whole number from {least:,} to {most:,}")
        if not least <= int(text) <= most:
            raise ValueError(f"must be from {least:,} to {most:,}")
        return int(text)

    return parse


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("must be 0 or 1")
    return text == "1"


def _sort(text: str) -> str:
    if text.removeprefix("-") not in SORT_KEYS or text.startswith("--"):
        names = ", ".join(SORT_KEYS)
        raise ValueError(f"must be one of {names}, with a - before it for the other direction")
    return text


_PARSERS: Final[dict[str, Callable[[str], Any]]] = {
    "q": _text,
    "arch": _text,
    "quant": _text,
    "kind": _one_of(*ModelKind.values),
    "state": _one_of(*STATES),
    "root": _number(1, MOST_NUMBER),
    "fits": _one_of(*PLACES),
    "can": _one_of(*CAPABILITIES),
    "min_params": _number(1, MOST_NUMBER),
    "min_context": _number(1, MOST_NUMBER),
    "hidden": _flag,
    "sort": _sort,
    "limit": _number(1, MAX_ROWS),
}


def models(query: ListQuery) -> LlamaModelQuerySet:
    """All that match, in no order and on no page."""
    found = in_state(query.state)
    if not query.hidden:
        found = found.filter(hidden=False)
    if query.arch:
        found = found.filter(architecture=query.arch)
    if query.quant:
        found = found.filter(quantization=query.quant)
    if query.kind:
        found = found.filter(kind=query.kind)
    if query.root is not None:
        found = found.filter(root_id=query.root)
    if query.min_params is not None:
        found = found.filter(parameters__gte=query.min_params)
    if query.min_context is not None:
        found = found.filter(context_length__gte=query.min_context)
    if query.can:
        found = found.able_to(query.can)
    if query.q:
        found = found.matching(query.q)
    if query.fits or query.key.field == NEED:
        found = found.annotate(**{NEED: need_bytes()})
    if query.fits in PLACES:
        found = found.filter(room().condition(query.fits, NEED))
    return found


def in_state(state: str) -> LlamaModelQuerySet:
    """Models of the roots that are switched on; `state` is one of STATES."""
    off = list(ModelRoot.objects.filter(enabled=False).values_list("id", flat=True))
    # No join: SQLite would read by root then and sort every list by hand.
    found = LlamaModel.objects.exclude(root_id__in=off) if off else LlamaModel.objects.all()
    if state == "usable":
        # `NOT IN` on purpose: `IN` would draw SQLite to the index by state, away from the order.
        return found.exclude(state__in=UNUSABLE)
    if state == "problems":
        return found.filter(state__in=PROBLEM_STATES)
    return found if state == "all" else found.filter(state=state)


def need_bytes() -> Any:
    """Null as soon as one part is unknown."""
    parts = F("weights_bytes") + F("cache_bytes") + F("compute_bytes")
    return ExpressionWrapper(parts, BigIntegerField())


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[dict[str, Any]]
    next: Cursor | None
    previous: Cursor | None


def turn(query: ListQuery, columns: tuple[str, ...]) -> Page:
    """One page. `columns` are fields of LlamaModel; the sort key is added where it lacks."""
    cursor = query.cursor
    backwards = cursor is not None and cursor.backwards
    found = models(query)
    if cursor is not None:
        found = found.filter(beyond(cursor, query.key, query.descending))
    found = found.order_by(*order(query.key, query.descending, backwards))
    needed = dict.fromkeys((*columns, "id", "favourite", query.key.field))
    rows = list(found.values(*needed)[: query.limit + 1])
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    has_previous = more if backwards else cursor is not None
    has_next = True if backwards else more
    return Page(
        rows,
        _edge(query, rows[-1], backwards=False) if has_next else None,
        _edge(query, rows[0], backwards=True) if has_previous else None,
    )


def _edge(query: ListQuery, row: dict[str, Any], *, backwards: bool) -> Cursor:
    value = row[query.key.field]
    return Cursor(backwards, query.sort, row["favourite"], value, row["id"])


def everything(query: ListQuery, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """All rows that match in their order, page by page: an export holds one page in memory."""
    query = replace(query, cursor=None, limit=MAX_ROWS)
    while True:
        page = turn(query, columns)
        yield from page.rows
        if page.next is None:
            return
        query = replace(query, cursor=page.next)
