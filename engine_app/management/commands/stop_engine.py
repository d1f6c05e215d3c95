from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engine_app import control
from engine_app.by_name import model_named


class Command(BaseCommand):
    help = "Asks the running server to stop the engines of a model, or all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", nargs="?", default="", help="id, name, alias or path")
        parser.add_argument("--all", action="store_true", help="all engines")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["model"]) == options["all"]:
            raise CommandError("Give either a model or --all.")
        if options["all"]:
            self.stdout.write(f"{control.unload_all()} engines are asked to stop.")
            return
        try:
            engines = list(model_named(options["model"]).engines.all())
        except control.EngineRefused as error:
            raise CommandError(str(error)) from None
        for engine in engines:
            control.stop(engine)
        self.stdout.write(f"{len(engines)} engines are asked to stop.")
