"""Intel GPUs, as far as sysfs goes: clocks, power and temperature.

How busy they are and how full their memory is, i915 and xe tell only to programs with privileges.
https://docs.kernel.org/gpu/xe/index.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from metrics_app.core import sysfs
from metrics_app.core.gpu.cards import DRM, Card, Cards, device_number, find_cards
from metrics_app.core.gpu.reading import Figures, GpuReading
from metrics_app.core.rates import Rates

VENDOR: Final = "0x8086"

_MILLI: Final = 1e-3
_MICRO: Final = 1e-6
_MEGA: Final = 1e6


def read_gpus(drm: Path = DRM) -> list[GpuReading]:
    return [GpuReading(_key(card), _name(card)) for card in find_cards(VENDOR, drm)]


class IntelGpus:
    def __init__(self, drm: Path = DRM) -> None:
        self._cards = Cards(VENDOR, drm)
        self._power: Rates[str] = Rates()

    def quick(self, monotonic: float) -> dict[str, Figures]:
        cards = self._cards.known(monotonic)
        awake = [card for card in cards if not card.sleeps]
        energy = {_key(card): joules for card in awake if (joules := _joules(card)) is not None}
        power = self._power.update(energy, monotonic)
        figures: dict[str, Figures] = {_key(card): {} for card in cards}
        for card in awake:
            key = _key(card)
            figures[key] = {"power_watts": power.get(key), "temperature_celsius": _celsius(card)}
        return figures

    def costly(self, monotonic: float) -> dict[str, Figures]:
        return {_key(card): _costly(card) for card in self._cards.known(monotonic)}


def _key(card: Card) -> str:
    return f"intel:{card.address}"


def _name(card: Card) -> str:
    return f"Intel GPU {device_number(card)}".rstrip()


def _joules(card: Card) -> float | None:
    return sysfs.scaled(card.hwmon / "energy1_input", _MICRO)


def _celsius(card: Card) -> float | None:
    """xe counts its sensors from 2, the package first."""
    first = sysfs.scaled(card.hwmon / "temp1_input", _MILLI)
    return sysfs.scaled(card.hwmon / "temp2_input", _MILLI) if first is None else first


def _costly(card: Card) -> Figures:
    if card.sleeps:
        return {}
    clocks = (
        card.folder / "gt_act_freq_mhz",
        card.folder / "gt" / "gt0" / "rps_act_freq_mhz",
        card.device / "tile0" / "gt0" / "freq0" / "act_freq",
    )
    known = (hertz for file in clocks if (hertz := sysfs.scaled(file, _MEGA)) is not None)
    return {
        "power_limit_watts": sysfs.scaled(card.hwmon / "power1_max", _MICRO),
        "core_clock_hertz": next(known, None),
    }
