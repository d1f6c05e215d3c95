"""Which tier answers a question."""

from __future__ import annotations

import math
from typing import Final

from metrics_app.asked import Range
from metrics_app.core.buckets import start_of
from metrics_app.ends import oldest_at
from metrics_app.hour import hour
from metrics_app.tiers import SECONDS, STORED, Tier

# "The last hour" was an hour when it was asked for; by now its first seconds are gone.
LATE_SECONDS: Final = 10


def choose(asked: Range, ids: list[int]) -> Tier:
    """The finest whose rows are few enough and reach back far enough."""
    in_memory = hour.covers(asked.start + LATE_SECONDS)
    if asked.seconds <= SECONDS.longest_range_seconds and in_memory:
        return SECONDS
    tiers = [tier for tier in STORED if asked.seconds <= tier.longest_range_seconds]
    chosen, oldest = tiers[0], oldest_at(tiers[0], ids)
    for coarser in tiers[1:]:
        if oldest is not None and oldest <= asked.start:
            break
        its_oldest = oldest_at(coarser, ids)
        # Not just the start of the bucket that the oldest row lies in.
        if its_oldest is not None and (
            oldest is None or its_oldest < start_of(oldest, coarser.seconds)
        ):
            chosen, oldest = coarser, its_oldest
    return chosen


def step_of(tier: Tier, asked: Range, points: int) -> int:
    """Seconds a bucket, a multiple of the tier's: at most `points` buckets, two or more of them.

    Buckets begin at multiples of it, so that those of a chart that follows stay as they are; the
    first and the last one may be cut.
    """
    n_rows = -(-int(asked.seconds) // tier.seconds)
    step = tier.seconds * max(1, -(-n_rows // points))
    while n_buckets(asked, step) > points:
        step += tier.seconds
    return step


def n_buckets(asked: Range, step: int) -> int:
    return -(-(math.ceil(asked.end) - start_of(asked.start, step)) // step)
