"""The memory of each device as a bar: GPUs to one scale, RAM to its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

from llamadash import formats
from llamadash.dashboard.engines import RAM, Held
from llamadash.rulers import Tick, byte_ticks, percent
from metrics_app.devices import Device
from metrics_app.live_values import live_value
from models_app.options import MEMORY_MARGIN


@dataclass(frozen=True, slots=True)
class Part:
    """An engine's share, from the left."""

    name: str
    hue: str
    size: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Bar:
    """Everything in percent of the drawing, which the largest device of the group fills."""

    id: str
    label: str
    name: str
    facts: tuple[SafeString, ...]  # temperature and power of a GPU
    key: str  # of the figure that is used
    total_bytes: int
    total: str
    used: str | None  # percent of the device; None: not known
    used_big: SafeString
    device_width: str
    margin_x: str  # percent of the device
    margin_width: str
    margin: str
    ticks: tuple[Tick, ...]
    sentence: str
    parts: tuple[Part, ...]

    @property
    def topic(self) -> str:
        return self.key.partition("/")[0]


def bars(
    devices: Sequence[Device],
    values: Mapping[str, float | None],
    held: Mapping[str, Sequence[Held]],
) -> list[Bar]:
    """GPUs first, in their order, as everywhere. `held` is what engines have, by device."""
    gpus = [device for device in devices if device.kind == "gpu"]
    longest = max((gpu.total_bytes for gpu in gpus), default=0)
    found = [
        _bar(gpu, f"GPU {n}", longest, values, held.get(gpu.key, ())) for n, gpu in enumerate(gpus)
    ]
    rams = [device for device in devices if device.kind == "ram"]
    of_ram = held.get(RAM, ())
    return found + [_bar(ram, "RAM", ram.total_bytes, values, of_ram) for ram in rams]


def _bar(
    device: Device,
    label: str,
    end: int,
    values: Mapping[str, float | None],
    held: Sequence[Held],
) -> Bar:
    key = _used_key(device)
    used = values.get(key, device.used_bytes)
    total = device.total_bytes
    margin = min(MEMORY_MARGIN.get() << 20, total)
    return Bar(
        id=f"used-{label.lower().replace(' ', '-')}",
        label=label,
        name=device.name,
        facts=_facts(device, label, values),
        key=key,
        total_bytes=total,
        total=formats.size(total),
        used=None if used is None else percent(used, total),
        used_big=_big(key, used, label),
        device_width=percent(total, end),
        margin_x=percent(total - margin, total),
        margin_width=percent(margin, total),
        margin=formats.size(margin),
        ticks=tuple(byte_ticks(end)),
        sentence=_sentence(label, used, total, margin),
        parts=tuple(_parts(held, total)),
    )


def _parts(held: Sequence[Held], total: int) -> Iterator[Part]:
    start = 0.0
    for each in held:
        width = max(0.0, min(each.n_bytes, total - start))
        at, share = percent(start, total), percent(width, total)
        yield Part(each.name, each.hue, formats.size(each.n_bytes), at, share)
        start += each.n_bytes


def _big(key: str, used: float | None, label: str) -> SafeString:
    number = live_value(key, "bytes", used, label=f"{label} used", part="number")
    word = live_value(key, "bytes", used, part="unit")
    return format_html('<b>{} <span class="sub">{} in use</span></b>', number, word)


def _used_key(device: Device) -> str:
    if device.kind == "ram":
        return "host/memory_used_bytes"
    return f"gpu/memory_used_bytes/{device.key}"


def _facts(
    device: Device, label: str, values: Mapping[str, float | None]
) -> tuple[SafeString, ...]:
    if device.kind == "ram":
        return ()
    temperature, power = f"gpu/temperature_celsius/{device.key}", f"gpu/power_watts/{device.key}"
    found = []
    if (degrees := values.get(temperature)) is not None:
        found.append(live_value(temperature, "celsius", degrees))
    if (watts := values.get(power)) is not None:
        found.append(live_value(power, "watts", watts))
    return tuple(found)


def _sentence(label: str, used: float | None, total: int, margin: int) -> str:
    """Without what is in use: that changes every second and is text beside the drawing."""
    if used is None:
        return f"{label} memory, {formats.size(total)}: how much is in use is not known"
    kept = formats.size(margin)
    return f"{label} memory, {formats.size(total)}, of which {kept} are kept free as margin"
