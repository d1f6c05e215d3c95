"""Daphne with reload on change, for development, and the agent beside it."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from agent_app import listening, setup_link
from agent_app.bridging import make_bridge
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

    def run(self, **options: Any) -> None:
        """Called before the process that reloads: a refusal ends both."""
        try:
            listening.check_exposure(
                self.addr, https=False, insecure_lan=False, has_admin=False, debug=True
            )
        except listening.ListenError as error:
            raise CommandError(str(error)) from None
        super().run(**options)

    def inner_run(self, *args: Any, **options: Any) -> Any:
        try:
            prepare()
        except CommandError as error:  # in a thread of the reloader, which would wait for a change
            self.stderr.write(str(error))
            os._exit(1)
        if setup_link.is_open():
            link = f"http://{self.addr}:{self.port}/setup/?token={setup_link.issue()}"
            self.stderr.write(f"Create the admin account here (15 minutes, once): {link}")
        threading.Thread(target=run_agent, name="agent", daemon=True).start()
        return super().inner_run(*args, **options)


def run_agent() -> None:
    """The agent in a thread: Daphne owns the main one. Its end ends the process, as in `serve`."""
    try:
        asyncio.run(_run_agent())
    except BaseException:
        logger.exception("the agent ended")
        os._exit(1)


async def _run_agent() -> None:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        if (bridge := make_bridge()) is not None:
            group.create_task(bridge.run(stop), name=bridge.name)
        group.create_task(make_agent().run(stop), name="agent")
