from __future__ import annotations

from django.apps import AppConfig


class ModelsAppConfig(AppConfig):
    name = "models_app"
    verbose_name = "models"

    def ready(self) -> None:
        from models_app import options  # noqa: F401 - the settings page lists what is declared
