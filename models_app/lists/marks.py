"""What another app says of a model, in lists and on its pages: this one knows nothing that runs.

    marks.register(of_all, at_rest, start_url)     # by that app, when the program starts

A list asks once for all marks, whatever the number of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Mark:
    """Two that are equal are drawn alike: lists are kept for as long as their marks are."""

    chip: SafeString  # its state
    action: SafeString  # a button, for who may use it
    hue: str = ""  # `s3` while it is in memory
    url: str = ""  # where there is more


Marks = Mapping[int, Mark]
OfAll = Callable[[], Marks]
# For a model by its id and name of which `of_all` says nothing.
AtRest = Callable[[int, str], Mark]
# The page where a model is started in another way.
StartUrl = Callable[[int], str]

NOTHING: Final = Mark(SafeString(""), SafeString(""))


@dataclass(slots=True)
class _Source:
    of_all: OfAll | None = None
    at_rest: AtRest | None = None
    start_url: StartUrl | None = None


_source: Final = _Source()


def register(of_all: OfAll, at_rest: AtRest, start_url: StartUrl) -> None:
    _source.of_all, _source.at_rest, _source.start_url = of_all, at_rest, start_url


def marks() -> Marks:
    """Of the models that are not at rest, by their ids."""
    return _source.of_all() if _source.of_all is not None else {}


def mark(known: Marks, model_id: int, name: str) -> Mark:
    if (found := known.get(model_id)) is not None:
        return found
    return _source.at_rest(model_id, name) if _source.at_rest is not None else NOTHING


def start_url(model_id: int) -> str:
    """Empty where nothing can start a model."""
    return _source.start_url(model_id) if _source.start_url is not None else ""
