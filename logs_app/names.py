"""What people call a source. The apps that own sources tell it: this one knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from logs_app.core.sources import APP


@dataclass(frozen=True, slots=True)
class Name:
    label: str
    note: str = ""  # the model of an engine, say
    hue: int = 0  # 1 to 6 for what has one


# Of some sources, those that it knows.
Resolve = Callable[[Iterable[str]], Mapping[str, Name]]
_resolvers: Final[dict[str, Resolve]] = {}


def register(prefix: str, resolve: Resolve) -> None:
    """`engine.` for all whose name begins so. Called once, when the program starts."""
    _resolvers[prefix] = resolve


def names(sources: Iterable[str]) -> dict[str, Name]:
    """Of each; `engine.7` is "engine 7" where nobody knows better."""
    found = {source: Name(source.replace(".", " ")) for source in sources}
    if APP in found:
        found[APP] = Name("llamadash")
    for prefix, resolve in _resolvers.items():
        own = [source for source in found if source.startswith(prefix)]
        if own:
            known = resolve(own)
            found |= {source: known[source] for source in own if source in known}
    return found
