"""The disk that holds the data directory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.html import format_html

from llamadash import formats
from llamadash.dashboard.tiles import Tile
from llamadash.system.storage import data_disk

LEAST_FREE_RATIO: Final = 0.1


@dataclass(frozen=True, slots=True)
class DataDisk:
    free_bytes: int | None
    total_bytes: int | None

    @property
    def is_nearly_full(self) -> bool:
        if self.free_bytes is None or not self.total_bytes:
            return False
        return self.free_bytes / self.total_bytes < LEAST_FREE_RATIO


def read_data_disk() -> DataDisk:
    return DataDisk(*data_disk())


def disk_tile(disk: DataDisk) -> Tile:
    number, _, unit = formats.size(disk.free_bytes).rpartition(" ")
    big = format_html("<b>{}</b> <i>{}</i>", number or unit, unit if number else "")
    sub = format_html("of {}", formats.size(disk.total_bytes))
    href = f"{reverse('metrics_app:monitoring')}#chart-disk-space"
    return Tile("Free for data", href, big, sub)
