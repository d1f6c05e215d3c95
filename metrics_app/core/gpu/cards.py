"""Graphics cards as sysfs lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from metrics_app.core import sysfs

DRM: Final = Path("/sys/class/drm")

_CARD: Final = re.compile(r"card(\d+)")  # not card0-DP-1, which is a connector
_LOOK_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Card:
    folder: Path
    device: Path
    hwmon: Path
    address: str  # on the PCI bus: the same after a restart

    @property
    def sleeps(self) -> bool:
        """To be asked before what would wake it; a card that cannot sleep has no such file."""
        return sysfs.text(self.device / "power" / "runtime_status") == "suspended"


class Cards:
    """Those of one vendor, looked for once a minute."""

    def __init__(self, vendor: str, drm: Path = DRM) -> None:
        self._vendor = vendor
        self._drm = drm
        self._found: list[Card] = []
        self._look_at: float | None = None

    def known(self, monotonic: float) -> list[Card]:
        if self._look_at is None or monotonic >= self._look_at:
            self._found = find_cards(self._vendor, self._drm)
            self._look_at = monotonic + _LOOK_SECONDS
        return self._found


def find_cards(vendor: str, drm: Path = DRM) -> list[Card]:
    """`vendor` is a PCI number: 0x1002."""
    folders = (each for each in sysfs.folders(drm, "card*") if _CARD.fullmatch(each.name))
    cards = (each for each in folders if sysfs.text(each / "device" / "vendor") == vendor)
    return [_card(each) for each in cards]


def _card(folder: Path) -> Card:
    device = folder / "device"
    hwmon = sysfs.folders(device / "hwmon", "hwmon*")
    return Card(folder, device, hwmon[0] if hwmon else device / "hwmon", device.resolve().name)


def device_number(card: Card) -> str:
    return sysfs.text(card.device / "device").removeprefix("0x")
