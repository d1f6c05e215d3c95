"""The command a preset becomes, for people to read; nothing is started."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

from engine_app.core.argv import launch_argv
from engine_app.core.flag_kinds import Value
from engine_app.engine_help import Known, knows
from engine_app.models.engine import Engine
from engine_app.preset_refs import beside, paths
from models_app.models import LlamaModel

PROGRAM: Final = "llama-server"
_ANY_FILE: Final = Path("/the-model.gguf")
_PORT: Final = 1  # stands for the one that is chosen at each start


@dataclass(frozen=True, slots=True)
class Command:
    lines: tuple[tuple[str, str], ...]  # flag and value

    @property
    def text(self) -> str:
        words = [PROGRAM]
        for flag, value in self.lines:
            words += [flag, *([value] if value else [])]
        return shlex.join(words)


def command(model: LlamaModel | None, options: Mapping[str, Value], known: Known) -> Command:
    """Raises LaunchError."""
    projector = model.projector if model is not None else None
    words = launch_argv(
        [],
        model_path=Path(model.path) if model is not None else _ANY_FILE,
        alias=Engine(llama_model=model).alias if model is not None else "the-model",
        port=_PORT,
        options=options,
        mmproj_path=Path(projector.path) if projector is not None else None,
        knows=knows(known),
        extra=settings.ALLOW_FLAGS,
        files=paths(beside(options)),
    )
    return Command(tuple(_lines(words)))


def _lines(words: list[str]) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for word in words:
        # A value never begins with a dash unless it is a number: see core/flag_kinds.py.
        if word.startswith("-") and not word[1:2].isdigit():
            lines.append((word, ""))
        else:
            lines[-1] = (lines[-1][0], word)
    return [(flag, "PORT" if flag == "--port" else value) for flag, value in lines]
