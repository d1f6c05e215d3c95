from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import pre_migrate

from agent_app.new_database import before_the_first_table


class AgentAppConfig(AppConfig):
    name = "agent_app"
    verbose_name = "the agent"

    def ready(self) -> None:
        """Starts nothing."""
        pre_migrate.connect(before_the_first_table, sender=self)
