"""Prints numbered lines like those of llama-server, as fast as they are taken or so many a second.

python flooding.py LINES [LINES_A_SECOND]
"""

from __future__ import annotations

import os
import sys
import time

BATCH = 500


def lines(first: int, n: int) -> bytes:
    return b"".join(
        b"0.00.001.695 I slot update_slots: id  0 | task %d | new prompt, n_ctx_slot = 16384, "
        b"n_prompt_tokens = 11870, truncated = 0\n" % number
        for number in range(first, first + n)
    )


def main() -> None:
    total = int(sys.argv[1])
    a_second = float(sys.argv[2]) if len(sys.argv) > 2 else float("inf")
    started = time.monotonic()
    for first in range(0, total, BATCH):
        rest = memoryview(lines(first, min(BATCH, total - first)))
        while rest:
            rest = rest[os.write(1, rest) :]
        ahead = (first + BATCH) / a_second - (time.monotonic() - started)
        if ahead > 0:
            time.sleep(ahead)


if __name__ == "__main__":
    main()
