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
            signals,  # noqa: F401
        )
        from engine_app.attached import charts as attached_charts
        from engine_app.figures import charts
        from engine_app.pages import engine_marks
        from live_app.hub import hub
        from logs_app import names
        from models_app.lists import marks

        names.register(log_names.PREFIX, log_names.names)
        names.register(log_names.ROUTER_PREFIX, log_names.router_names)
        charts.register()
        attached_charts.register()
        marks.register(engine_marks.of_all, engine_marks.at_rest, engine_marks.start_url)
        for topic in ("engines", "engine.*", "attached", "attached.*"):
            hub.open(topic)
