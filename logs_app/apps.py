from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class LogsAppConfig(AppConfig):
    name = "logs_app"
    verbose_name = "logs"

    def ready(self) -> None:
        """Declares options, retention and topics. Starts nothing."""
        from live_app.hub import hub
        from logs_app.core.sources import APP
        from logs_app.feed import topic_of
        from logs_app.retention import LineRetention
        from settings_app import retention

        import_module("logs_app.options")
        retention.register(LineRetention())
        hub.open(topic_of(APP), staff=True)  # paths and addresses of this installation
        hub.open(topic_of("*"))
