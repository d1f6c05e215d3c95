from __future__ import annotations

from dataclasses import dataclass

from metrics_app.core.metric import Metric


@dataclass(frozen=True, slots=True)
class Sampled:
    """All that was read at one moment; None is a figure that is not known now."""

    at: float  # wall clock, Unix seconds
    elapsed_seconds: float | None  # since the last tick, by a clock nobody sets
    values: dict[Metric, float | None]
    clock_jump_seconds: float = 0.0  # how far the wall clock was moved since the last tick
