"""The environment of engines, made from scratch.

llama-server takes every one of its flags from LLAMA_ARG_* variables too, and ours holds the
database's password: nothing is passed on that is not named here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from django.conf import settings

# What programs need, and which devices they may see.
PASSED_ON: Final = (
    "PATH", "HOME", "LANG", "TMPDIR", "TZ",
    "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION",
    "GGML_VK_VISIBLE_DEVICES", "ONEAPI_DEVICE_SELECTOR", "ZES_ENABLE_SYSMAN",
)  # fmt: skip
LIBRARY_PATHS: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
KEY: Final = "LLAMA_API_KEY"
# By it a process is known as an engine of ours, whatever happened to its row.
MARK: Final = "LLAMADASH_ENGINE"


def environment(
    *,
    library_path: bool,
    embedded: bool,
    key: str = "",
    mark: str = "",
    ours: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """`library_path` for a program that does not find its libraries without."""
    ours = os.environ if ours is None else ours
    names = (*PASSED_ON, *LIBRARY_PATHS) if library_path else PASSED_ON
    found = {name: ours[name] for name in names if name in ours}
    found.setdefault("LANG", "C.UTF-8")
    if embedded:  # it is run by this Python, from this checkout
        found |= {"PYTHONPATH": str(settings.BASE_DIR), "PYTHONUNBUFFERED": "1"}
    given = {KEY: key, MARK: mark}
    return found | {name: value for name, value in given.items() if value}


def owner() -> str:
    """This installation, among all whose engines may run on the machine."""
    folder = str(Path(settings.DATA_DIR).resolve())
    return hashlib.blake2b(f"{settings.NODE}\0{folder}".encode(), digest_size=8).hexdigest()


def mark_of(engine_id: int) -> str:
    return f"{owner()}:{engine_id}"
