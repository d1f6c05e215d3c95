"""AMD GPUs, from what the amdgpu driver says in sysfs: no library, and no GPU is woken up.

https://docs.kernel.org/gpu/amdgpu/driver-misc.html
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from metrics_app.core.gpu.reading import GpuReading

DRM: Final = Path("/sys/class/drm")

_VENDOR: Final = "0x1002"
_CARD: Final = re.compile(r"card(\d+)")  # not card0-DP-1, which is a connector
_MOST_BYTES: Final = 256


def read_gpus(drm: Path = DRM) -> list[GpuReading]:
    devices = (card / "device" for card in _cards(drm))
    return [_reading(device) for device in devices if _text(device / "vendor") == _VENDOR]


def _cards(drm: Path) -> list[Path]:
    try:
        found = [(match, path) for path in drm.iterdir() if (match := _CARD.fullmatch(path.name))]
    except OSError:
        return []
    return [path for _, path in sorted(found, key=lambda pair: int(pair[0][1]))]


def _reading(device: Path) -> GpuReading:
    total = _size(device / "mem_info_vram_total")
    used = _size(device / "mem_info_vram_used")
    return GpuReading(
        key=f"amd:{device.resolve().name}",  # the PCI address: the same after a restart
        name=_name(device),
        total_bytes=total,
        free_bytes=None if total is None or used is None else max(total - used, 0),
        used_bytes=used,
    )


def _name(device: Path) -> str:
    # Only server cards have a product name; the others are told apart by their PCI device id.
    number = _text(device / "device").removeprefix("0x")
    return _text(device / "product_name") or f"AMD GPU {number}".rstrip()


def _size(file: Path) -> int | None:
    text = _text(file)
    return int(text) if text.isascii() and text.isdigit() else None


def _text(file: Path) -> str:
    try:
        with file.open("rb") as handle:
            return handle.read(_MOST_BYTES).decode(errors="replace").strip()
    except OSError:
        return ""
