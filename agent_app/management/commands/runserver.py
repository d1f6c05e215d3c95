"""Daphne with reload on change, for development, and the agent beside it."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from agent_app.composition import make_agent
from agent_app.preparing import prepare

if settings.DEBUG:
    from daphne.management.commands.runserver import Command as DaphneCommand
else:
    from django.core.management.commands.runserver import Command as DaphneCommand


logger = logging.getLogger(__name__)


class Command(DaphneCommand):  # type: ignore[misc]  # Daphne has no types
    def handle(self, *args: Any, **options: Any) -> Any:
        if not settings.DEBUG:
            raise CommandError("runserver is for development: set LLAMADASH_DEBUG=1, or use serve.")
        return super().handle(*args, **options)

    def inner_run(self, *args: Any, **options: Any) -> Any:
        prepare()
        threading.Thread(target=run_agent, name="agent", daemon=True).start()
        return super().inner_run(*args, **options)


def run_agent() -> None:
    """The agent in a thread: Daphne owns the main one. Its end ends the process, as in `serve`."""
    try:
        asyncio.run(make_agent().run(asyncio.Event()))
    except BaseException:
        logger.exception("the agent ended")
        os._exit(1)
