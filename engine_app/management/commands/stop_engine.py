from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from engine_app import control
from engine_app.by_name import model_named
from engine_app.models import Engine


class Command(BaseCommand):
    help = "Asks the running server to stop the engines of a model, or all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", nargs="?", default="", help="id, name, alias or path")
        parser.add_argument("--all", action="store_true", help="all engines")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["model"]) == options["all"]:
            raise CommandError("Give either a model or --all.")
        if options["all"]:
            self._say(control.unload_all())
            return
        try:
            model = model_named(options["model"])
        except control.EngineRefused as error:
            raise CommandError(str(error)) from None
        engines = Engine.objects.here(settings.NODE).filter(llama_model=model)
        self._say(sum(map(control.stop, engines)))

    def _say(self, n_asked: int) -> None:
        words = "1 engine is" if n_asked == 1 else f"{n_asked} engines are"
        self.stdout.write(f"{words} asked to stop.")
