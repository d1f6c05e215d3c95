from __future__ import annotations

from django.apps import AppConfig


class EngineAppConfig(AppConfig):
    name = "engine_app"
    verbose_name = "engines"

    def ready(self) -> None:
        """Declares options, topics and the names of logs. Starts nothing."""
        from engine_app import (
            log_names,
            options,  # noqa: F401
        )
        from live_app.hub import hub
        from logs_app import names

        names.register(log_names.PREFIX, log_names.names)
        for topic in ("engines", "engine.*"):
            hub.open(topic)
