"""The gateway's charts on the page of the machine. None is shown before the first request."""

from __future__ import annotations

from metrics_app import charts
from metrics_app.charts import Chart, Line
from metrics_app.core.metric import Unit
from proxy_app.figures import TOPIC


def register() -> None:
    charts.section("gateway", "Gateway")
    _add(
        "load",
        "Requests in flight",
        "count",
        (Line("running", "running"), Line("waiting", "waiting")),
    )
    _add(
        "requests",
        "Gateway requests",
        "per_second",
        (Line("requests_per_second", "ended"), Line("errors_per_second", "failed")),
        "failed by an engine or here",
    )
    _add(
        "first-byte",
        "Time to first byte",
        "seconds",
        (Line("first_byte_p50_seconds", "half"), Line("first_byte_p95_seconds", "95 of 100")),
        "of the last minute, with the wait",
    )
    _add(
        "tokens",
        "Gateway tokens",
        "per_second",
        (Line("tokens_per_second", "generated"), Line("prompt_tokens_per_second", "prompt")),
        "counted at the end of each",
    )


def _add(id: str, title: str, unit: Unit, lines: tuple[Line, ...], note: str = "") -> None:
    charts.register(Chart(f"gateway-{id}", title, "gateway", TOPIC, unit, lines, None, note))
