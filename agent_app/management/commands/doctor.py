from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agent_app.doctor import report
from agent_app.doctor.examination import DEFAULT_PORT, examine
from agent_app.doctor.finding import Finding


class Command(BaseCommand):
    help = "Looks whether this installation is well, and says what to do. Changes nothing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--port", type=int, default=DEFAULT_PORT, help="where the web server is or would be"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["port"] <= 65_535:
            raise CommandError("--port is a number from 1 to 65535.", returncode=2)
        findings: list[Finding] = []
        glyph = self.stdout.isatty()
        for finding in examine(options["port"]):
            findings.append(finding)
            if not options["json"]:
                self.stdout.write("\n".join(report.lines(finding, glyph=glyph)))
                self.stdout.flush()
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(findings)))
        if words := report.summary(findings):
            raise CommandError(words)
