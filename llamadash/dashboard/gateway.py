"""What the gateway does now, as one of the big figures."""

from __future__ import annotations

from collections.abc import Mapping

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from llamadash.dashboard.sparks import sparks
from llamadash.dashboard.tiles import Tile
from metrics_app.core.metric import Metric
from metrics_app.live_values import big_value, live_value
from proxy_app.figures_source import LAST_MINUTE, RUNNING, WAITING

Values = Mapping[str, float | None]


def gateway_tiles(values: Values, now: float | None = None) -> list[Tile]:
    """None before the first request."""
    if RUNNING.key not in values:
        return []
    sub = format_html(
        "{} waiting, {} in the last minute",
        _live(WAITING, values, "Requests waiting"),
        _live(LAST_MINUTE, values, "Requests of the last minute"),
    )
    title = "Requests running"
    big = big_value(RUNNING.key, RUNNING.unit, values[RUNNING.key], title)
    href = f"{reverse('metrics_app:monitoring')}#chart-gateway-load"
    return [Tile(title, href, big, sub, sparks([RUNNING.key], now).get(RUNNING.key))]


def _live(metric: Metric, values: Values, label: str) -> SafeString:
    return live_value(metric.key, metric.unit, values.get(metric.key), label=label)
