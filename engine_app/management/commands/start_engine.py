from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engine_app import control
from engine_app.by_name import model_named
from engine_app.memory.planning import plan_for
from engine_app.models import Preset


class Command(BaseCommand):
    help = "Asks the running server to start an engine for a model."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", help="id, name, alias or path")
        parser.add_argument("--preset", default="", help="name of a preset")
        parser.add_argument("--force", action="store_true", help="whatever memory there is")

    def handle(self, *args: Any, **options: Any) -> None:
        preset = None
        if name := options["preset"]:
            preset = Preset.objects.filter(name__iexact=name).first()
            if preset is None:
                raise CommandError(f"There is no preset {name!r}.")
        try:
            model = model_named(options["model"])
            plan = plan_for(model, preset, exact=True)
            engine = control.start(model, preset, force=options["force"])
        except control.EngineRefused as error:
            raise CommandError(str(error)) from None
        for sentence in [*plan["sentences"], *plan["advice"]]:
            self.stdout.write(sentence)
        self.stdout.write(f"{engine.alias}: engine {engine.pk} is asked to start.")
