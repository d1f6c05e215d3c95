"""AMD GPUs, from what the amdgpu driver says in sysfs: no library, and no GPU is woken up.

https://docs.kernel.org/gpu/amdgpu/driver-misc.html
https://docs.kernel.org/gpu/amdgpu/thermal.html
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from metrics_app.core import sysfs
from metrics_app.core.gpu.cards import DRM, Card, Cards, device_number, find_cards
from metrics_app.core.gpu.reading import Figures, GpuReading

VENDOR: Final = "0x1002"

_PERCENT: Final = 1e-2
_MILLI: Final = 1e-3
_MICRO: Final = 1e-6
_MEGA: Final = 1e6
_CHOSEN_CLOCK: Final = re.compile(r"(\d{1,6})Mhz \*", re.IGNORECASE)  # of "1: 1500Mhz *"


def read_gpus(drm: Path = DRM) -> list[GpuReading]:
    return [_reading(card) for card in find_cards(VENDOR, drm)]


class AmdGpus:
    def __init__(self, drm: Path = DRM) -> None:
        self._cards = Cards(VENDOR, drm)

    def quick(self, monotonic: float) -> dict[str, Figures]:
        return {_key(card): _quick(card) for card in self._cards.known(monotonic)}

    def costly(self, monotonic: float) -> dict[str, Figures]:
        return {_key(card): _costly(card) for card in self._cards.known(monotonic)}


def _key(card: Card) -> str:
    return f"amd:{card.address}"


def _quick(card: Card) -> Figures:
    device, hwmon = card.device, card.hwmon
    figures: Figures = {
        "memory_used_bytes": _size(device / "mem_info_vram_used"),
        "memory_total_bytes": _size(device / "mem_info_vram_total"),
    }
    if card.sleeps:
        return figures
    power = sysfs.scaled(hwmon / "power1_average", _MICRO)
    return figures | {
        "busy_ratio": sysfs.scaled(device / "gpu_busy_percent", _PERCENT),
        "memory_busy_ratio": sysfs.scaled(device / "mem_busy_percent", _PERCENT),
        "temperature_celsius": sysfs.scaled(hwmon / "temp1_input", _MILLI),
        "power_watts": sysfs.scaled(hwmon / "power1_input", _MICRO) if power is None else power,
    }


def _costly(card: Card) -> Figures:
    if card.sleeps:
        return {}
    hwmon = card.hwmon
    return {
        "power_limit_watts": sysfs.scaled(hwmon / "power1_cap", _MICRO),
        "core_clock_hertz": _clock(card, "freq1_input", "pp_dpm_sclk"),
        "memory_clock_hertz": _clock(card, "freq2_input", "pp_dpm_mclk"),
        "fan_ratio": sysfs.share(sysfs.number(hwmon / "pwm1"), sysfs.number(hwmon / "pwm1_max")),
    }


def _clock(card: Card, in_hertz: str, levels: str) -> float | None:
    hertz = sysfs.number(card.hwmon / in_hertz)
    if hertz is not None:
        return hertz
    chosen = _CHOSEN_CLOCK.search(sysfs.text(card.device / levels))
    return int(chosen[1]) * _MEGA if chosen else None


def _reading(card: Card) -> GpuReading:
    total = _size(card.device / "mem_info_vram_total")
    used = _size(card.device / "mem_info_vram_used")
    return GpuReading(
        key=_key(card),
        name=_name(card),
        total_bytes=total,
        free_bytes=None if total is None or used is None else max(total - used, 0),
        used_bytes=used,
    )


def _name(card: Card) -> str:
    # Only server cards have a product name; the others are told apart by their PCI device id.
    return sysfs.text(card.device / "product_name") or f"AMD GPU {device_number(card)}".rstrip()


def _size(file: Path) -> int | None:
    found = sysfs.number(file)
    return None if found is None or found < 0 else found
