"""What a preset's options mean for memory, in the terms of the registry's estimate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from engine_app.core.flag_kinds import Value
from models_app.core.launch_options import Options

SLOTS_OF_AUTO: Final = 4  # llama-server's choice where --parallel is not given; one cache for all
_NUMBERED: Final = re.compile(r"[A-Za-z]+(\d{1,3})")


def memory_options(options: Mapping[str, Value], *, layers: int) -> Options:
    """`layers` is how many there are to put on a GPU. Raises EstimateError."""
    slots = _number(options, "parallel", -1)
    on_gpu = options.get("n-gpu-layers", "auto")
    return Options(
        ctx=_number(options, "ctx-size", 0),
        parallel=slots if slots > 0 else SLOTS_OF_AUTO,
        ubatch=min(_number(options, "ubatch-size", 512), _number(options, "batch-size", 2048)),
        type_k=str(options.get("cache-type-k", "f16")),
        type_v=str(options.get("cache-type-v", "f16")),
        gpu_layers=on_gpu if type(on_gpu) is int and on_gpu >= 0 else layers,
        unified=bool(options.get("kv-unified", slots <= 0)),
        swa_full=options.get("swa-full") is True,
        flash_attention=options.get("flash-attn") != "off",
        cpu_moe=options.get("cpu-moe") is True,
    )


def gpu_numbers(options: Mapping[str, Value]) -> list[int] | None:
    """The GPUs that may be used: none of them, some, or None where the engine takes all."""
    if options.get("n-gpu-layers") == 0:
        return []
    named = options.get("device")
    if named == "none":
        return []
    if isinstance(named, str):
        numbers = [_NUMBERED.fullmatch(name) for name in named.split(",")]
        return [int(number.group(1)) for number in numbers if number]
    if options.get("split-mode") == "none":
        return [_number(options, "main-gpu", 0)]
    return None


def _number(options: Mapping[str, Value], name: str, default: int) -> int:
    value = options.get(name, default)
    return value if type(value) is int else default
