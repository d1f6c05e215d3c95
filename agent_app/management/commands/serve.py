from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agent_app import first_models, greeting, listening, setup_link
from agent_app.composition import make_agent
from agent_app.preparing import prepare_web
from agent_app.server import serve


class Command(BaseCommand):
    help = "Runs the web server and the agent in one process."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
        parser.add_argument("--no-agent", action="store_true", help="web only")
        parser.add_argument("--insecure-lan", action="store_true", help="no TLS, at your own risk")
        parser.add_argument(
            "--demo", action="store_true", help="write demo models when none are found anywhere"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DEBUG:
            raise CommandError(
                "serve is not for LLAMADASH_DEBUG=1 (no static files are made then): use make dev, "
                "or leave LLAMADASH_DEBUG out."
            )
        prepare_web()
        try:
            listening.check_exposure(
                options["host"],
                https=settings.HTTPS,
                insecure_lan=options["insecure_lan"],
                has_admin=not setup_link.is_open(),
                debug=settings.DEBUG,
            )
            bound = listening.listen(options["host"], options["port"])
        except listening.ListenError as error:
            raise CommandError(str(error)) from None
        for line in first_models.find(demo=options["demo"]):
            self.stderr.write(line)
        if options["insecure_lan"] and not settings.ALLOWED_HOSTS_GIVEN:
            settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, *greeting.own_names(settings.NODE)]
        self.greet(*bound.getsockname()[:2])
        # Measured: a delivery to a browser costs half the CPU of asyncio's own loop.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(bound, None if options["no_agent"] else make_agent()))

    def greet(self, host: str, port: int) -> None:
        allowed = settings.ALLOWED_HOSTS
        names = greeting.names(allowed) if settings.ALLOWED_HOSTS_GIVEN else []
        address, *others = greeting.addresses(host, port, allowed, names)
        if settings.HTTPS:
            self.stderr.write(f"The TLS in front hands on to {host} port {port}.")
            if not names:
                self.stderr.write("LLAMADASH_ALLOWED_HOSTS must name the host that it is.")
            address, others = greeting.https_address(allowed), []
        self.stderr.write(f"llamadash is at {address}/")
        for other in others:
            self.stderr.write(f"and at {other}/")
        if setup_link.is_open():
            if setup_link.is_waiting():
                self.stderr.write("The setup link printed before is void from now on.")
            link = f"{address}/setup/?token={setup_link.issue()}"
            self.stderr.write(f"Create the admin account here (15 minutes, once): {link}")
