from __future__ import annotations

from django.apps import AppConfig


class ModelsAppConfig(AppConfig):
    name = "models_app"
    verbose_name = "models"

    def ready(self) -> None:
        """Declares the options, which the settings page lists, and what follows from a change."""
        from models_app.options import MEMORY_CONTEXT
        from models_app.scan.context_change import context_changed

        MEMORY_CONTEXT.when_changed(context_changed)
