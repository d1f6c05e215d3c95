from __future__ import annotations

from hashlib import blake2s
from typing import Final

from metrics_app.core.metric import Metric, Unit

LONGEST: Final = 80
MOST: Final = 1024


class Labelled(dict[str, Metric]):
    """A metric for each label, made once: `reads["nvme0n1"]`.

    Labels come from outside (mount points, sensors): they are cut and cleaned of what is no text.
    """

    def __init__(self, source: str, name: str, unit: Unit, *, kept: bool = True) -> None:
        super().__init__()
        self._source = source
        self._name = name
        self._unit = unit
        self._kept = kept

    def __missing__(self, label: str) -> Metric:
        if len(self) >= MOST:  # devices that come and go under new names for months
            self.clear()
        metric = Metric(self._source, self._name, self._unit, clean(label), self._kept)
        self[label] = metric
        return metric


def clean(label: str) -> str:
    """As it is, if it is short text; else what can be shown of it, and a mark that tells it from
    others of which the same can be shown."""
    if 0 < len(label) <= LONGEST and label.isprintable():
        return label
    mark = blake2s(label.encode(errors="backslashreplace"), digest_size=3).hexdigest()
    shown = label[: LONGEST - 1 - len(mark)]
    kept = (character if character.isprintable() else "\ufffd" for character in shown)
    return f"{''.join(kept)}~{mark}"
