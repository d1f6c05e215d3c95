"""What a change answers that is not made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ninja.errors import HttpError


@contextmanager
def as_conflict(*refusals: type[Exception]) -> Iterator[None]:
    """One of these becomes a 409 that says why, in its words."""
    try:
        yield
    except refusals as error:
        raise HttpError(409, str(error)) from error
