from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agent_app.bridging import make_bridge
from agent_app.composition import make_agent
from agent_app.preparing import prepare
from agent_app.stop import on_stop
from live_app.bridge import Bridge


class Command(BaseCommand):
    help = "Runs the agent's loops alone, beside web processes started with serve --no-agent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--node", default="", help="this machine's name")
        parser.add_argument("--no-live", action="store_true", help="without live updates")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["no_live"] and not settings.CHANNEL_LAYERS:
            raise CommandError(
                "an agent in a process of its own cannot reach browsers: set REDIS_URL, here and "
                "for the web processes, use `serve`, or add --no-live to do without live updates."
            )
        settings.NODE = options["node"] or settings.NODE
        prepare()
        asyncio.run(self.run(None if options["no_live"] else make_bridge()))

    async def run(self, bridge: Bridge | None) -> None:
        stop = asyncio.Event()
        with on_stop(stop):
            async with asyncio.TaskGroup() as group:
                if bridge is not None:
                    group.create_task(bridge.run(stop), name=bridge.name)
                group.create_task(make_agent().run(stop), name="agent")
