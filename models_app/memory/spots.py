"""Where a model can be put on this machine, and what is free there at this moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from models_app.memory import capacity
from models_app.models import LlamaModel
from models_app.options import MEMORY_MARGIN

ALL_GPUS: Final = "gpus"
RAM: Final = "ram"


@dataclass(frozen=True, slots=True)
class Spot:
    """A device, or all GPUs together. Sizes in bytes, None where the driver does not tell."""

    key: str
    label: str
    name: str
    total_bytes: int | None
    free_bytes: int | None

    @property
    def is_ram(self) -> bool:
        return self.key == RAM


def spots() -> list[Spot]:
    """GPUs in their order, all of them together where there are several, then RAM."""
    devices = capacity.devices()
    gpus = [device for device in devices if device.kind == "gpu"]
    found = [
        Spot(gpu.key, f"GPU {n}", gpu.name, gpu.total_bytes, gpu.free_bytes)
        for n, gpu in enumerate(gpus)
    ]
    if len(found) > 1:
        label = "both GPUs" if len(found) == 2 else "all GPUs"
        totals = _sum(spot.total_bytes for spot in found)
        free = _sum(spot.free_bytes for spot in found)
        found.append(Spot(ALL_GPUS, label, ", ".join(s.name for s in found), totals, free))
    found += [
        Spot(RAM, "RAM", device.name, device.total_bytes, device.free_bytes)
        for device in devices
        if device.kind == "ram"
    ]
    return found


def best_spot(model: LlamaModel, found: Sequence[Spot]) -> Spot | None:
    """The first where the model fits now: the emptiest GPU, all GPUs, RAM; else the first."""
    gpus = [spot for spot in found if not spot.is_ram and spot.key != ALL_GPUS]
    gpus.sort(key=lambda spot: -(spot.free_bytes or 0))
    ordered = [*gpus, *(spot for spot in found if spot not in gpus)]
    need = (model.memory_bytes or 0) + (MEMORY_MARGIN.get() << 20)
    fitting = (spot for spot in ordered if (spot.free_bytes or 0) >= need)
    return next(fitting, ordered[0] if ordered else None)


def _sum(sizes: Iterable[int | None]) -> int | None:
    known = list(sizes)
    return None if None in known else sum(size for size in known if size is not None)
