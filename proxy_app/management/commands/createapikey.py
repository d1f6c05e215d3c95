from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from proxy_app.key_making import DEFAULT_SCOPES, KeyRefused, make_key
from proxy_app.models import SCOPES


class Command(BaseCommand):
    help = "Makes an API key and prints it: it is not kept and cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the key is for, or whose it is")
        parser.add_argument(
            "--scope",
            action="append",
            choices=SCOPES,
            help=f"what it may do; may be given several times (default: {DEFAULT_SCOPES[0]})",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, name: str, scope: list[str] | None, json: bool, **options: Any) -> None:
        try:
            key, text = make_key(name, scope or DEFAULT_SCOPES)
        except KeyRefused as error:
            raise CommandError(str(error)) from error
        if json:
            self.stdout.write(_json(key.pk, key.name, key.scopes, text))
        else:
            self.stdout.write(text)


def _json(number: int, name: str, scopes: list[str], text: str) -> str:
    return json.dumps({"id": number, "name": name, "scopes": scopes, "key": text})
