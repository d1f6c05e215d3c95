"""YAML from somebody else: bounded in depth, in what its aliases unfold to, and in its kinds."""

from __future__ import annotations

import re
from typing import Any, Final

from engine_app.core.imported import MAX_BYTES, ImportedError

MAX_DEPTH: Final = 32
MAX_NODES: Final = 200_000  # with every alias counted as all that it stands for
MAX_NUMBER: Final = 64  # characters
# What a number, a date or a time may be written with.
_NUMERIC: Final = re.compile(r"[-+.\d][-+\w.:]*")
_TAGS: Final = frozenset(
    {None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq"))}
)


def load(text: str) -> Any:
    """Mappings, lists, texts, numbers, dates and nothing else. Raises ImportedError."""
    import yaml  # only an import needs it

    if len(text) > MAX_BYTES:
        raise ImportedError(f"This is longer than {MAX_BYTES >> 10} KiB.")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check(yaml.parse(text, Loader=loader))
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe one, see above
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        if isinstance(error, ImportedError):
            raise
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 1}" if where else ""
        raise ImportedError(f"This is not valid YAML{line}.") from error


def _check(events: Any) -> None:
    """Looks at it piece by piece, before anything is made of it. Raises ImportedError."""
    from yaml import events as kinds

    weights: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []  # anchor, nodes before it
    n_nodes = 0
    for event in events:
        if isinstance(event, kinds.AliasEvent):
            if event.anchor in {anchor for anchor, _ in open_}:
                raise ImportedError(f"{_line(event)}: it holds itself.")
            n_nodes += weights.get(str(event.anchor), 1)
        elif isinstance(event, kinds.NodeEvent):
            n_nodes += 1
            _check_kind(event)
        if isinstance(event, kinds.CollectionStartEvent):
            open_.append((event.anchor, n_nodes))
        elif isinstance(event, kinds.CollectionEndEvent):
            anchor, before = open_.pop()
            if anchor is not None:
                weights[anchor] = n_nodes - before + 1
        if len(open_) > MAX_DEPTH:
            raise ImportedError(f"{_line(event)}: deeper than {MAX_DEPTH} levels.")
        if n_nodes > MAX_NODES:
            raise ImportedError(f"{_line(event)}: its aliases unfold to too much.")


def _check_kind(event: Any) -> None:
    if event.tag not in _TAGS:
        raise ImportedError(f"{_line(event)}: kinds of one's own (!) are not taken.")
    is_plain = getattr(event, "style", "") in (None, "") and hasattr(event, "value")
    if is_plain and len(event.value) > MAX_NUMBER and _NUMERIC.fullmatch(event.value):
        raise ImportedError(f"{_line(event)}: a number of more than {MAX_NUMBER} characters.")


def _line(event: Any) -> str:
    mark = event.start_mark
    return f"Line {mark.line + 1}" if mark is not None else "Somewhere"
