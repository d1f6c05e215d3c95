from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from engine_app import engine_help
from engine_app.preset_export import models_ini, presets_json
from llamadash.logs import one_line


class Command(BaseCommand):
    help = (
        "Writes all presets of models as a models.ini for llama-server's router; FILE.json gets "
        "every preset as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if file.suffix == ".json":
            found = presets_json()
            text, n_presets = json.dumps(found, indent=2, ensure_ascii=False) + "\n", len(found)
            left_out = []
        else:
            export = models_ini(engine_help.known(engine_help.binary()))
            text, n_presets, left_out = export.text, export.n_presets, export.left_out
        _write(file, text)
        for left in left_out:
            self.stderr.write(one_line(f"left out {left.what}: {left.why}"))
        report = {"file": str(file), "presets": n_presets, "left_out": len(left_out)}
        presets = "1 preset" if n_presets == 1 else f"{n_presets} presets"
        words = f"{presets} written to {file}; {len(left_out)} left out."
        self.stdout.write(json.dumps(report) if options["json"] else one_line(words))


def _write(file: Path, text: str) -> None:
    """Beside it first: a file that is there stays whole if the disk is full."""
    aside = file.with_name(f".{file.name}.part")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(file)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise CommandError(one_line(f"{file} cannot be written: {error.strerror}.")) from error
