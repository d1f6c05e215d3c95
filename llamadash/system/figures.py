"""How the taking, keeping and sending of figures goes in this process."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from agent_app.pruner import LastRun, last_run
from live_app.hub import HubFigures, hub
from metrics_app.hour import hour
from metrics_app.reading import SourceStatus
from metrics_app.recording import Recorder, recorder
from metrics_app.sampler import sampler


@dataclass(frozen=True, slots=True)
class Figures:
    """Sources, series and what was written are empty in a web process without an agent."""

    sources: list[SourceStatus]
    n_series: int
    n_skipped_ticks: int
    recorder: Recorder
    pruned: LastRun
    hub: HubFigures

    def as_json(self) -> dict[str, Any]:
        written = self.recorder
        return {
            "sources": [asdict(source) for source in self.sources],
            "series_in_memory": self.n_series,
            "skipped_ticks": self.n_skipped_ticks,
            "rows_written": written.n_written,
            "rows_pending": written.n_pending,
            "rows_dropped": written.n_dropped,
            "figures_refused": written.n_refused,
            "write_seconds": written.last_seconds,
            "write_error": written.last_error,
            "pruned": asdict(self.pruned),
            "hub": asdict(self.hub),
        }


def read_figures() -> Figures:
    return Figures(
        sources=sampler.statuses(),
        n_series=len(hour.metrics()),
        n_skipped_ticks=sampler.n_skipped,
        recorder=recorder,
        pruned=last_run(),
        hub=hub.figures(),
    )
