from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agent_app.composition import make_agent
from agent_app.preparing import prepare
from agent_app.stop import on_stop


class Command(BaseCommand):
    help = "Runs the agent's loops alone, beside web processes started with serve --no-agent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--node", default="", help="this machine's name")
        parser.add_argument("--no-live", action="store_true", help="without live updates")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["no_live"]:
            raise CommandError(
                "an agent in a process of its own cannot reach browsers: "
                "use `serve`, or add --no-live to do without live updates."
            )
        settings.NODE = options["node"] or settings.NODE
        prepare()
        asyncio.run(self.run())

    async def run(self) -> None:
        stop = asyncio.Event()
        with on_stop(stop):
            await make_agent().run(stop)
