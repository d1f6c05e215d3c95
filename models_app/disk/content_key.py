"""A cheap stand-in for a file's content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import Final

SAMPLE_BYTES: Final = 16 << 10
SAMPLES: Final = 5


def content_key(fd: int, size_bytes: int) -> str:
    """Equal for files of equal size and equal samples: at both ends and three places between.

    A checksum of all bytes would take minutes for a model; quantizations and fine-tunes of one
    model differ at the ends (names in the header, output matrix) or in between. "Likely equal" is
    all it says. Raises OSError.
    """
    digest = hashlib.blake2b(str(size_bytes).encode(), digest_size=16)
    if size_bytes <= SAMPLES * SAMPLE_BYTES:
        digest.update(os.pread(fd, size_bytes, 0))
        return digest.hexdigest()
    last = size_bytes - SAMPLE_BYTES
    for number in range(SAMPLES):
        digest.update(os.pread(fd, SAMPLE_BYTES, last * number // (SAMPLES - 1)))
    return digest.hexdigest()


def combined(keys: Iterable[str]) -> str:
    """The key of a split model, from its shards' keys in order; "" when one is not known."""
    parts = list(keys)
    if len(parts) == 1:
        return parts[0]
    if not all(parts):
        return ""
    return hashlib.blake2b(":".join(parts).encode(), digest_size=16).hexdigest()
