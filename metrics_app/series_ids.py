"""The rows of `Series`, by metric; made when a figure is recorded for the first time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from metrics_app.core.metric import Metric
from metrics_app.models import Series

MOST_SERIES: Final = 5_000  # a source that names its figures at random does not fill the disk


class SeriesIds:
    """A cache. After a failed transaction it is cleared: the rows it made went with it."""

    def __init__(self) -> None:
        self._ids: dict[Metric, int] = {}

    def clear(self) -> None:
        self._ids.clear()

    def learn(self, metrics: Iterable[Metric]) -> dict[Metric, int]:
        """The ids of all that are known afterwards; those beyond the bound are left out."""
        missing = [metric for metric in metrics if metric not in self._ids]
        if missing:
            stored = dict(Series.objects.values_list("key", "id"))
            new = {metric.key: metric for metric in missing if metric.key not in stored}
            room = max(0, MOST_SERIES - len(stored))
            Series.objects.bulk_create(map(_row, list(new.values())[:room]), ignore_conflicts=True)
            if new:
                stored = dict(Series.objects.values_list("key", "id"))
            self._ids |= {each: stored[each.key] for each in missing if each.key in stored}
        return self._ids


def fits(metric: Metric) -> bool:
    """Whether it can be a row: labels come from the machine, and PostgreSQL takes no NUL."""
    texts = (metric.key, 300), (metric.source, 100), (metric.name, 100), (metric.label, 200)
    return all(len(text) <= most and "\0" not in text and _is_utf8(text) for text, most in texts)


def _is_utf8(text: str) -> bool:
    """A name in a file system may hold bytes that are no text; Python keeps them as surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _row(metric: Metric) -> Series:
    return Series(
        key=metric.key,
        source=metric.source,
        name=metric.name,
        label=metric.label,
        unit=metric.unit,
    )
