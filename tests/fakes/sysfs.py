"""A tree of small files as the Linux kernel shows its devices."""

from __future__ import annotations

from pathlib import Path
from typing import Final

GIB: Final = 1 << 30


def write(folder: Path, **texts: str) -> None:
    """`a__b="1"` is the file b in the folder a."""
    for name, text in texts.items():
        file = folder.joinpath(*name.split("__"))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")


def add_card(drm: Path, number: int, **texts: str) -> Path:
    """The card's folder links to the device at its PCI address, which is returned."""
    device = drm.parent / "devices" / f"0000:0{number}:00.0"
    device.mkdir(parents=True)
    write(device, **texts)
    card = drm / f"card{number}"
    card.mkdir(parents=True)
    (card / "device").symlink_to(device)
    return device


def add_radeon(drm: Path, number: int, total: str, used: str, **more: str) -> Path:
    texts = {"vendor": "0x1002", "device": "0x744c", "mem_info_vram_total": total}
    return add_card(drm, number, **texts, mem_info_vram_used=used, **more)


def add_busy_radeon(drm: Path, number: int) -> Path:
    return add_radeon(
        drm,
        number,
        str(24 * GIB),
        str(2 * GIB),
        gpu_busy_percent="37",
        mem_busy_percent="12",
        power__runtime_status="active",
        hwmon__hwmon4__temp1_input="61000",
        hwmon__hwmon4__power1_average="215000000",
        hwmon__hwmon4__power1_cap="303000000",
        hwmon__hwmon4__freq1_input="2304000000",
        hwmon__hwmon4__freq2_input="1249000000",
        hwmon__hwmon4__pwm1="102",
        hwmon__hwmon4__pwm1_max="255",
    )


def add_arc(drm: Path, number: int, joules: int = 0) -> Path:
    device = add_card(
        drm,
        number,
        vendor="0x8086",
        device="0x56a0",
        hwmon__hwmon2__energy1_input=str(joules * 1_000_000),
        hwmon__hwmon2__power1_max="190000000",
        hwmon__hwmon2__temp1_input="44000",
    )
    write(drm / f"card{number}", gt_act_freq_mhz="2050")
    return device
