"""How figures read. One function per kind of value; the vectors of the tests bind other languages.

Every function takes None for "unknown" and answers "-": an unknown value is never shown as 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeGuard

UNKNOWN: Final = "-"
BYTE_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
COUNT_UNITS: Final = ("", "K", "M", "B", "T")
HUES: Final = 6


def size(n_bytes: float | None) -> str:
    """`4.6 GiB`; whole bytes below a KiB. Rounded before the unit is chosen: no `1024.0 KiB`."""
    if not _known(n_bytes):
        return UNKNOWN
    value, unit = _scaled(float(n_bytes), 1024.0, len(BYTE_UNITS))
    return f"{int(value):,} B" if unit == 0 else f"{value:,.1f} {BYTE_UNITS[unit]}"


def gibibytes(n_bytes: float | None) -> str:
    """`4.6`, for columns and rulers whose head says GiB."""
    return f"{float(n_bytes) / (1 << 30):,.1f}" if _known(n_bytes) else UNKNOWN


def count(number: float | None) -> str:
    """`8.0B` parameters, `110.1M`, `512`: three figures are enough to tell models apart."""
    if not _known(number):
        return UNKNOWN
    value, unit = _scaled(float(number), 1000.0, len(COUNT_UNITS))
    return f"{value:.0f}" if unit == 0 else f"{value:.1f}{COUNT_UNITS[unit]}"


def grouped(number: float | None) -> str:
    """`131,072`."""
    return f"{number:,.0f}" if _known(number) else UNKNOWN


def seconds(value: float | None) -> str:
    """A measured time: `0.4 ms`, `842 ms`, `1.34 s`, `75.0 s`."""
    if not _known(value):
        return UNKNOWN
    for below, factor, pattern in _SECONDS:
        if float(f"{value * factor:.3g}") < below:
            return pattern.format(value * factor)
    return f"{value:,.1f} s"


_SECONDS: Final = (
    (9.95, 1e3, "{:.1f} ms"),
    (1000.0, 1e3, "{:.0f} ms"),
    (9.995, 1.0, "{:.2f} s"),
)


def duration(value: float | None) -> str:
    """A span people live through: `45 s`, `3 min 20 s`, `2 h 05 min`, `4 d 3 h`."""
    if not _known(value):
        return UNKNOWN
    total = int(value)
    days, hours, minutes = total // 86_400, total // 3600 % 24, total // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {total % 60:02d} s" if minutes else f"{total} s"


def percent(ratio: float | None) -> str:
    """`43 %` of a ratio 0.43; one decimal below 10 %."""
    if not _known(ratio):
        return UNKNOWN
    value = ratio * 100
    return f"{value:.0f} %" if value >= 9.95 or value == 0 else f"{value:.1f} %"


def amount(number: float | None) -> str:
    """A count that may be an average: `3`, `2.4`, `131,072`."""
    if not _known(number):
        return UNKNOWN
    return f"{number:,.0f}" if number == int(number) or abs(number) >= 99.95 else f"{number:.1f}"


def per_second(number: float | None) -> str:
    """`159.6 /s`."""
    return f"{number:,.1f} /s" if _known(number) else UNKNOWN


def rate(bytes_per_second: float | None) -> str:
    """`12.3 MiB/s`."""
    return f"{size(bytes_per_second)}/s" if _known(bytes_per_second) else UNKNOWN


def celsius(degrees: float | None) -> str:
    """`61 °C`."""
    return f"{degrees:.0f} °C" if _known(degrees) else UNKNOWN


def watts(value: float | None) -> str:
    """`285 W`; one decimal below 10 W, where an idle device lives."""
    if not _known(value):
        return UNKNOWN
    return f"{value:,.0f} W" if value >= 9.95 or value == 0 else f"{value:.1f} W"


def hertz(value: float | None) -> str:
    """`405 MHz`, `1.86 GHz`: the way the makers of processors write clocks."""
    if not _known(value):
        return UNKNOWN
    mega = value / 1e6
    return f"{mega:.0f} MHz" if mega < 999.5 else f"{mega / 1000:,.2f} GHz"


# The function for each `Metric.unit`, by name: templates hand the name on to the browser.
BY_UNIT: Final = {
    "ratio": "percent",
    "bytes": "size",
    "bytes_per_second": "rate",
    "per_second": "per_second",
    "count": "amount",
    "seconds": "seconds",
    "celsius": "celsius",
    "watts": "watts",
    "hertz": "hertz",
}


def in_unit(value: float | None, unit: str) -> str:
    """A metric's value as its unit is written; `amount` for a unit that is not known."""
    function: Callable[[float | None], str] = globals()[BY_UNIT.get(unit, "amount")]
    return function(value)


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _scaled(value: float, base: float, n_units: int) -> tuple[float, int]:
    unit = 0
    while unit < n_units - 1 and abs(round(value, 1 if unit else 0)) >= base:
        value /= base
        unit += 1
    return value, unit
