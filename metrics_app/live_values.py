"""A figure in a page: its value now, and what the browser needs to keep it current."""

from __future__ import annotations

from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

from llamadash.formats import BY_UNIT, duration, in_unit
from metrics_app.core.metric import Unit

LIVE: Final = '<live-value topic="{}" key="{}" format="{}"{}{}>{}</live-value>'
NO_FIGURE: Final = "no figure of it in the last minute"


def live_value(
    key: str, unit: Unit, value: float | None, *, label: str = "", part: str = ""
) -> SafeString:
    """`part` is "number" or "unit", where the unit is set smaller. `label` names it to readers."""
    written = in_unit(value, unit)
    if part:
        number, _, word = written.rpartition(" ")
        written = (number or word) if part == "number" else word * bool(number)
    return format_html(
        LIVE,
        key.partition("/")[0],
        key,
        BY_UNIT[unit],
        format_html(' part="{}"', part) if part else "",
        _says(label, value),
        written,
    )


def live_duration(key: str, seconds: float | None, label: str) -> SafeString:
    """A span that people live through: the unit of seconds alone is for short ones."""
    topic = key.partition("/")[0]
    return format_html(LIVE, topic, key, "duration", "", _says(label, seconds), duration(seconds))


def _says(label: str, value: float | None) -> SafeString:
    title = format_html(' title="{}"', NO_FIGURE) if value is None else ""
    return format_html("{}{}", format_html(' data-label="{}"', label) if label else "", title)


def big_value(key: str, unit: Unit, value: float | None, label: str) -> SafeString:
    """The number large and its unit small and grey, as in `.figs`."""
    number = live_value(key, unit, value, label=label, part="number")
    word = live_value(key, unit, value, part="unit")
    return format_html("<b>{}</b> <i>{}</i>", number, word)
