"""Addresses of the monitoring page: what it shows is in them, so that they can be sent on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from metrics_app.pages.ranges import DEFAULT, RANGES, Range
from metrics_app.pages.zones import Zone


@dataclass(frozen=True, slots=True)
class State:
    asked: Range
    zone: Zone = "local"
    is_table: bool = False
    chart: str = ""  # only this one

    def address(self, **changes: Any) -> str:
        """`?range=1h&view=table`; what is as it is by default is left out."""
        state = replace(self, **changes)
        parts = [] if state.asked.key == DEFAULT else [state.asked.address]
        extra = {
            "tz": "utc" if state.zone == "utc" else "",
            "view": "table" if state.is_table else "",
            "chart": state.chart,
        }
        parts.append(urlencode({name: value for name, value in extra.items() if value}))
        return "?" + "&".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Choice:
    words: str
    href: str
    is_chosen: bool


def range_choices(state: State) -> list[Choice]:
    """The ranges that end now."""
    return [
        Choice(words, state.address(asked=Range(0, seconds, key)), state.asked.key == key)
        for key, (seconds, words) in RANGES.items()
    ]


def zone_choices(state: State) -> list[Choice]:
    zones: list[tuple[str, Zone]] = [("Local time", "local"), ("UTC", "utc")]
    return [Choice(words, state.address(zone=zone), state.zone == zone) for words, zone in zones]
