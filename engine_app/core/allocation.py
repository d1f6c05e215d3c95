"""How much an engine tried to take when it failed, by its own words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MOST_BYTES: Final = 1 << 46  # 64 TiB: more is no size but a wrong number
_MIB: Final = 1 << 20
_PATTERNS: Final = (
    # ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9216.00 MiB on device 0: cudaMalloc …
    (re.compile(r"allocating (\d{1,12}(?:\.\d{1,6})?) MiB on device"), _MIB),
    # ggml_aligned_malloc: insufficient memory (attempted to allocate 9216.00 MB)
    (re.compile(r"attempted to allocate +(\d{1,12}(?:\.\d{1,6})?) MB"), _MIB),
    # alloc_tensor_range: failed to allocate CUDA0 buffer of size 9663676416
    (re.compile(r"failed to allocate .{0,64}buffer of size (\d{1,18})"), 1),
)


def tried_bytes(lines: Iterable[str]) -> int | None:
    """The largest piece that it says it could not get; None when it does not say."""
    sizes = [
        int(float(found.group(1)) * unit)
        for line in lines
        for pattern, unit in _PATTERNS
        if (found := pattern.search(line[:4096]))
    ]
    return max((size for size in sizes if 0 < size <= MOST_BYTES), default=None)
