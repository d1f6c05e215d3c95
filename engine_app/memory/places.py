"""The devices that a start would use, as the ledger counts them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine_app.core.ledger import Device
from models_app.memory.spots import ALL_GPUS, RAM, Spot, spots

# Graphics inside a processor, whose driver shows the machine's memory as their own.
_INTEGRATED: Final = re.compile(r"\b(GB10|Tegra|Xavier|Orin|Thor)\b")


@dataclass(frozen=True, slots=True)
class Places:
    """RAM, and one GPU or all of them together: llama.cpp spreads layers by what is free, so a
    model on several GPUs has room when their sum has.

    A GPU that has no memory of its own is no place: what is on it is in RAM, and counted there."""

    devices: tuple[Device, ...]
    gpu: str | None  # the key of what it computes on, ALL_GPUS for all; None: RAM only
    gpu_totals: Mapping[str, int]  # of those with memory of their own
    in_ram: frozenset[str] = field(default_factory=frozenset)  # the others, by their keys

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(device.key for device in self.devices)

    def fold(self, by_device: Mapping[str, int]) -> dict[str, int]:
        """What somebody else takes, in terms of these places; elsewhere it does not matter."""
        folded: dict[str, int] = {}
        for key, size in by_device.items():
            place, share = self._place(key)
            if place is not None:
                folded[place] = folded.get(place, 0) + int(size * share)
        return folded

    def told(self, gpus: Mapping[str, int]) -> dict[str, int]:
        """What a driver tells of a process, with that in RAM which is there: no GPU of known size
        has it."""
        found: dict[str, int] = {}
        for key, size in gpus.items():
            place = key if key in self.gpu_totals else RAM
            found[place] = found.get(place, 0) + size
        return found

    def _place(self, key: str) -> tuple[str | None, float]:
        if key in self.in_ram:
            return RAM, 1.0
        if key in (RAM, self.gpu):
            return key, 1.0
        if self.gpu == ALL_GPUS:
            return ALL_GPUS, 1.0
        if key == ALL_GPUS and self.gpu is not None:  # spread over all: one of them has its share
            whole = sum(self.gpu_totals.values())
            return self.gpu, self.gpu_totals.get(self.gpu, 0) / whole if whole else 1.0
        return None, 0.0


def places(gpu: str | None, margin_bytes: int) -> Places:
    """As they are at this moment. Reads no row."""
    found = spots()
    gpus = [spot for spot in found if not spot.is_ram and spot.key != ALL_GPUS]
    in_ram = frozenset(spot.key for spot in gpus if _INTEGRATED.search(spot.name))
    if in_ram and len(in_ram) == len(gpus):
        in_ram |= {ALL_GPUS}
    gpus = [spot for spot in gpus if spot.key not in in_ram]
    devices = [
        _device(spot, margin_bytes, gpus)
        for spot in found
        if spot.is_ram or (spot.key == gpu and gpu not in in_ram)
    ]
    totals = {spot.key: spot.total_bytes or 0 for spot in gpus}
    return Places(tuple(devices), gpu, totals, in_ram)


def _device(spot: Spot, margin_bytes: int, gpus: Sequence[Spot]) -> Device:
    kept_free = margin_bytes * len(gpus) if spot.key == ALL_GPUS else margin_bytes
    return Device(spot.key, spot.label, spot.total_bytes, spot.free_bytes, kept_free)
