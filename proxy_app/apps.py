from __future__ import annotations

from django.apps import AppConfig


class ProxyAppConfig(AppConfig):
    name = "proxy_app"
    verbose_name = "gateway"

    def ready(self) -> None:
        """Declares options and topics. Starts nothing."""
        from engine_app import preset_filters
        from live_app.hub import hub
        from proxy_app import charts, imported_filters, options  # noqa: F401
        from proxy_app.request_retention import RequestRetention
        from settings_app import retention

        retention.register(RequestRetention())
        hub.open("gateway")
        charts.register()
        preset_filters.register(
            preset_filters.Place(imported_filters.differences, imported_filters.take)
        )
