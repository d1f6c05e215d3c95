from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from models_app.core.demo_models import DEFAULT, MODELS, strangers, write_demo_models

_BLOCK_BYTES = 512  # the unit of st_blocks, whatever the file system's own is


class Command(BaseCommand):
    help = "Writes tiny real models that llama.cpp loads, into a folder of your choice."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", metavar="DIR", type=Path)
        parser.add_argument(
            "--only",
            nargs="+",
            choices=MODELS,
            default=DEFAULT,
            metavar="NAME",
            help=f"some of: {', '.join(MODELS)} (default: {', '.join(DEFAULT)})",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="replace files of these names that are not demo models",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        directory: Path = options["directory"]
        # All are looked at before the first is written.
        if not options["force"] and (others := strangers(directory, options["only"])):
            raise CommandError(
                f"{', '.join(map(str, others))}: there already and not a demo model; nothing was "
                "written. Give another folder, or --force to replace it."
            )
        try:
            models = [_described(path) for path in write_demo_models(directory, options["only"])]
        except OSError as error:
            raise CommandError(
                f"{directory} cannot be written ({error.strerror or error}): "
                "give a folder that you may write to, on a disk with room."
            ) from error
        if options["json"]:
            self.stdout.write(json.dumps({"models": models}))
            return
        for model in models:
            self.stdout.write("{path}: {size_bytes} bytes, {disk_bytes} on disk".format(**model))


def _described(path: Path) -> dict[str, str | int]:
    status = path.stat()
    return {
        "path": str(path),
        "size_bytes": status.st_size,
        "disk_bytes": status.st_blocks * _BLOCK_BYTES,
    }
