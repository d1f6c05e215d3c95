"""What two starts must have in common for the memory of one to be that of the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Final

from engine_app.core.flag_kinds import Value
from engine_app.core.flags import FLAGS, LOGGING, SAMPLING

# What a request is answered with, when, and how it is printed: none of it takes memory.
_GROUPS: Final = frozenset({SAMPLING, LOGGING})
_NAMES: Final = frozenset(
    {
        "n-predict", "keep", "cache-reuse", "cache-prompt", "slot-prompt-similarity",
        "cont-batching", "context-shift", "timeout", "sleep-idle-seconds", "threads",
        "threads-batch", "threads-http", "check-tensors", "jinja", "reasoning", "reasoning-format",
        "reasoning-budget", "reasoning-effort", "embd-normalize",
    }
)  # fmt: skip


def options_hash(options: Mapping[str, Value]) -> str:
    """Of those that may matter; one that is not known may."""
    relevant = {name: value for name, value in options.items() if _matters(name)}
    return _hash(json.dumps(relevant, sort_keys=True))


def _matters(name: str) -> bool:
    flag = FLAGS.get(name)
    return name not in _NAMES and (flag is None or flag.group not in _GROUPS)


def files_hash(scan_keys: Iterable[str]) -> str:
    return _hash("\n".join(sorted(scan_keys)))


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
