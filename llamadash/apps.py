from __future__ import annotations

from django.apps import AppConfig


class LlamadashConfig(AppConfig):
    name = "llamadash"
    verbose_name = "llamadash"

    def ready(self) -> None:
        """Ties apps together that do not know each other. Starts nothing."""
        from metrics_app.devices import read_devices
        from models_app.memory import capacity

        capacity.provide(read_devices)
