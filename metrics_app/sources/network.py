from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import psutil

from metrics_app.core.clock import Tick
from metrics_app.core.labelled import Labelled
from metrics_app.core.metric import Metric
from metrics_app.core.rates import Rates
from metrics_app.sources.disks import total

INTERFACES: Final = Path("/sys/class/net")

_RECEIVED: Final = Metric("host", "network_receive_bytes_per_second", "bytes_per_second")
_SENT: Final = Metric("host", "network_send_bytes_per_second", "bytes_per_second")
# Ends of cables inside this machine: containers, virtual machines, traffic shaping.
_INNER: Final = ("lo", "veth", "ifb", "docker", "br-", "virbr", "cali", "cni", "flannel", "vnet")
_LOOK_SECONDS: Final = 60.0
_MOST: Final = 32


class Network:
    """Interfaces to the outside, and their sum. What a tunnel carries goes through a card too."""

    name = "network"
    topics = ("host",)
    seconds = unwatched_seconds = 1.0

    def __init__(self, interfaces: Path = INTERFACES) -> None:
        self._interfaces = interfaces
        self._names: list[str] = []
        self._cards: frozenset[str] = frozenset()
        self._look_at = 0.0
        self._rates: Rates[Metric] = Rates()
        self._received = Labelled("host", _RECEIVED.name, _RECEIVED.unit)
        self._sent = Labelled("host", _SENT.name, _SENT.unit)

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        found = psutil.net_io_counters(pernic=True, nowrap=False)
        if not self._names or tick.monotonic >= self._look_at:
            self._look(found, tick)
        counters: dict[Metric, float] = {}
        for name in self._names:
            if name in found:
                counters[self._received[name]] = found[name].bytes_recv
                counters[self._sent[name]] = found[name].bytes_sent
        values = self._rates.update(counters, tick.monotonic)
        values[_RECEIVED] = total(values, map(self._received.__getitem__, self._cards))
        values[_SENT] = total(values, map(self._sent.__getitem__, self._cards))
        return values

    def _look(self, found: Iterable[str], tick: Tick) -> None:
        self._names = sorted(name for name in found if not name.startswith(_INNER))[:_MOST]
        cards = [name for name in self._names if (self._interfaces / name / "device").exists()]
        # In a container there is no card; whatever leads out of it counts then.
        self._cards = frozenset(cards or self._names)
        self._look_at = tick.monotonic + _LOOK_SECONDS
