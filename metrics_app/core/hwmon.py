"""Temperature sensors as Linux lists them.

https://docs.kernel.org/hwmon/sysfs-interface.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from metrics_app.core import sysfs

HWMON: Final = Path("/sys/class/hwmon")
ZONES: Final = Path("/sys/class/thermal")

# Read with their GPU: asking them here could wake one that sleeps.
_OF_GPUS: Final = frozenset(("amdgpu", "radeon", "nouveau", "i915", "xe"))
_MOST: Final = 64
_MILLI: Final = 1e-3


def find_sensors(hwmon: Path = HWMON, zones: Path = ZONES) -> dict[str, Path]:
    """Names, each one once, to the files that hold thousandths of a degree."""
    found: dict[str, Path] = {}
    for chip in sysfs.folders(hwmon, "hwmon*"):
        name = sysfs.text(chip / "name")
        if name and name not in _OF_GPUS:
            for file in sysfs.folders(chip, "temp*_input"):
                label = sysfs.text(file.with_name(file.name.replace("_input", "_label")))
                found[_unused(f"{name} {label}".rstrip(), found)] = file
    if not found:  # small ARM boards have zones only
        for zone in sysfs.folders(zones, "thermal_zone*"):
            found[_unused(sysfs.text(zone / "type") or zone.name, found)] = zone / "temp"
    return dict(list(found.items())[:_MOST])


def read_celsius(file: Path) -> float | None:
    return sysfs.scaled(file, _MILLI)


def _unused(name: str, used: dict[str, Path]) -> str:
    """Two NVMe disks have sensors of the same name."""
    candidate, number = name, 1
    while candidate in used:
        number += 1
        candidate = f"{name} {number}"
    return candidate
