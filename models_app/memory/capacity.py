"""How much memory there is to put a model into.

Who reads it is not this app's business: the composition root hands in a source at start, so that
the registry knows no metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Device(Protocol):
    """A place a model can be in. Sizes in bytes; None where the driver does not say."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def total_bytes(self) -> int: ...
    @property
    def free_bytes(self) -> int | None: ...


Source = Callable[[], Sequence[Device]]
_source: Source | None = None


def provide(source: Source) -> None:
    global _source
    _source = source


def devices() -> Sequence[Device]:
    """RAM and GPUs as they are now; empty where nobody told."""
    return [] if _source is None else _source()
