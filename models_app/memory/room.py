"""Where on this machine a model of a given size can be: the word lists show and filter by.

It speaks of what the machine has, less the margin that is to stay free; what is free at this
moment is the model page's question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from django.db.models import Q

from models_app.memory import capacity
from models_app.options import MEMORY_MARGIN

Place = Literal["gpu", "gpus", "ram", "no", "unknown"]
PLACES: Final[tuple[Place, ...]] = ("gpu", "gpus", "ram", "no", "unknown")


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes a model may take. `gpu` is the largest GPU, `gpus` all of them, `all` with RAM."""

    n_gpus: int
    gpu_bytes: int
    gpus_bytes: int
    all_bytes: int
    largest_gpu_bytes: int  # as installed, without the margin taken off
    total_gpu_bytes: int
    ram_bytes: int

    def place(self, need_bytes: int | None) -> Place:
        if need_bytes is None or not self.all_bytes:
            return "unknown"
        limits: tuple[tuple[Place, int], ...] = (
            ("gpu", self.gpu_bytes),
            ("gpus", self.gpus_bytes),
            ("ram", self.all_bytes),
        )
        return next((place for place, limit in limits if need_bytes <= limit), "no")

    def words(self, place: Place) -> str:
        gpus = "GPU" if self.n_gpus == 1 else "GPUs"
        return {
            "gpu": "GPU" if self.n_gpus == 1 else "one GPU",
            "gpus": "both GPUs" if self.n_gpus == 2 else "all GPUs",
            "ram": f"{gpus} + RAM" if self.n_gpus else "RAM",
            "no": "too big",
            "unknown": "unknown",
        }[place]

    def possible(self) -> list[Place]:
        """The places that can occur on this machine."""
        if not self.all_bytes:
            return []
        gpus: list[Place] = ["gpu"] if self.n_gpus else []
        if self.n_gpus > 1:
            gpus.append("gpus")
        return [*gpus, "ram", "no", "unknown"]

    def condition(self, place: Place, field: str) -> Q:
        """The same as `place`, for the database. `field` is the memory needed."""
        if place == "unknown" or not self.all_bytes:
            return Q(**{f"{field}__isnull": True})
        limits = {
            "gpu": (-1, self.gpu_bytes),
            "gpus": (self.gpu_bytes, self.gpus_bytes),
            "ram": (self.gpus_bytes, self.all_bytes),
            "no": (self.all_bytes, None),
        }
        more_than, at_most = limits[place]
        condition = Q(**{f"{field}__gt": more_than})
        return condition if at_most is None else condition & Q(**{f"{field}__lte": at_most})


def room() -> Room:
    margin = MEMORY_MARGIN.get() << 20
    known = [(device.kind, device.total_bytes or 0) for device in capacity.devices()]
    gpus = sorted((total for kind, total in known if kind == "gpu" and total), reverse=True)
    ram = sum(total for kind, total in known if kind == "ram")
    usable = [max(0, total - margin) for total in gpus]
    return Room(
        n_gpus=len(gpus),
        gpu_bytes=usable[0] if usable else 0,
        gpus_bytes=sum(usable),
        all_bytes=sum(usable) + max(0, ram - margin),
        largest_gpu_bytes=gpus[0] if gpus else 0,
        total_gpu_bytes=sum(gpus),
        ram_bytes=ram,
    )
