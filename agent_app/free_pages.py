"""Gives pages that deletions left empty back to the file system, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db import connection

# With steady retention freed pages are soon used again; only a file that is much too large shrinks.
MOST_FREE_RATIO: Final = 0.2
LEFT_FREE_RATIO: Final = 0.1
PAGES: Final = 100  # 3 ms of the writer's lock, measured
_INCREMENTAL: Final = 2


def give_back() -> Iterator[int]:
    """Yields the number of pages of each commit; nothing unless a fifth of the file is free."""
    if connection.vendor != "sqlite" or _pragma("auto_vacuum") != _INCREMENTAL:
        return
    if _pragma("freelist_count") <= MOST_FREE_RATIO * _pragma("page_count"):
        return
    while (free := _pragma("freelist_count")) > LEFT_FREE_RATIO * _pragma("page_count"):
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA incremental_vacuum({PAGES})")
            cursor.fetchall()  # a page is moved for each row that is asked for
        n_pages = free - _pragma("freelist_count")
        if n_pages <= 0:
            return
        yield n_pages


def _pragma(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return int(cursor.fetchone()[0])
