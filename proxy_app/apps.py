from __future__ import annotations

from django.apps import AppConfig


class ProxyAppConfig(AppConfig):
    name = "proxy_app"
    verbose_name = "gateway"

    def ready(self) -> None:
        """Declares options and topics. Starts nothing."""
        from live_app.hub import hub
        from proxy_app import options  # noqa: F401

        hub.open("gateway")
