"""Every processor core, small, as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString

from metrics_app.charts import natural
from metrics_app.live_values import live_value

PREFIX: Final = "host/core_ratio/"


@dataclass(frozen=True, slots=True)
class Core:
    number: str
    key: str
    value: SafeString
    width: str  # percent of its cell


def cores(values: Mapping[str, float | None]) -> list[Core]:
    keys = [key for key in values if key.startswith(PREFIX)]
    return [_core(key, values[key]) for key in sorted(keys, key=natural)]


def _core(key: str, ratio: float | None) -> Core:
    number = key.removeprefix(PREFIX)
    width = f"{min(1.0, max(0.0, ratio or 0.0)) * 100:.1f}"
    return Core(number, key, live_value(key, "ratio", ratio), width)
