from __future__ import annotations

from django.apps import AppConfig


class MetricsAppConfig(AppConfig):
    name = "metrics_app"
    verbose_name = "metrics"

    def ready(self) -> None:
        """Declares what there is. Starts nothing."""
        from live_app.hub import hub
        from metrics_app import own_charts  # noqa: F401
        from metrics_app.retention import KINDS
        from settings_app import retention

        for kind in KINDS:
            retention.register(kind)
        for topic in ("host", "gpu", "self"):
            hub.open(topic)  # in web processes, too, where no agent runs
