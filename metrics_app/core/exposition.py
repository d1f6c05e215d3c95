"""Prometheus text format 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_FAMILY_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_IN_HELP: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})
_IN_LABEL: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})

Suffix = Literal["", "_bucket", "_sum", "_count"]


class Sample(NamedTuple):
    value: float | None  # None is unknown and leaves the line out: Prometheus shows a gap
    labels: Mapping[str, str] = {}
    suffix: Suffix = ""


@dataclass
class Family:
    """All samples of one name. ValueError for a name that Prometheus would refuse."""

    name: str
    type: Literal["counter", "gauge", "histogram", "summary", "untyped"]
    help: str
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not _FAMILY_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no metric name")

    def add(self, value: float | None, suffix: Suffix = "", /, **labels: str) -> None:
        self.samples.append(Sample(value, labels, suffix))


def render(families: Iterable[Family]) -> bytes:
    """ValueError for a family that comes twice and for a bad label name."""
    seen: set[str] = set()
    lines: list[str] = []
    for family in families:
        if family.name in seen:
            raise ValueError(f"{family.name} comes twice: Prometheus would refuse the whole answer")
        seen.add(family.name)
        lines += _lines(family)
    # File names may hold bytes that are no UTF-8; one of them must not cost the whole answer.
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help.translate(_IN_HELP)}"
    yield f"# TYPE {family.name} {family.type}"
    for value, labels, suffix in family.samples:
        if value is not None:
            yield f"{family.name}{suffix}{_labels(labels)} {_number(value)}"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    # Sorted, so that a series is the same text whoever made its labels.
    return "{" + ",".join(_label(name, labels[name]) for name in sorted(labels)) + "}"


def _label(name: str, value: str) -> str:
    if not _LABEL_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no label name")
    return f'{name}="{value.translate(_IN_LABEL)}"'


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value)).removesuffix(".0")  # float: a bool's or a numpy repr is a word
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"
