"""What a start needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from engine_app import discovery, preset_refs
from engine_app.core.allow_list import LaunchError
from engine_app.core.argv import UnknownToEngine, launch_argv
from engine_app.core.flag_kinds import Value
from engine_app.core.verdict import Verdict
from engine_app.memory.need import Question, question
from engine_app.models import Engine, EngineBinary
from engine_app.presets import effective_options
from models_app.models import FileState

ANY_PORT: Final = 1


@dataclass(frozen=True, slots=True)
class Order:
    """All that a launch needs to know, read in one go."""

    engine_id: int
    source: str
    generation: int
    alias: str
    model_path: Path
    projector_path: Path | None
    files: tuple[Path, ...]
    size_bytes: int
    options: dict[str, Value]
    binary: EngineBinary
    last_port: int | None
    beside: dict[int, Path]  # what options name of the registry: draft model, adapters
    memory: Question

    @property
    def sleeps_by_itself(self) -> bool:
        return "sleep-idle-seconds" in self.options

    def argv(self, port: int) -> list[str]:
        """Raises Refusal."""
        try:
            return launch_argv(
                self.binary.words,
                model_path=self.model_path,
                alias=self.alias,
                port=port,
                options=self.options,
                mmproj_path=self.projector_path,
                knows=self.binary.knows,
                extra=settings.ALLOW_FLAGS,
                files=self.beside,
            )
        except UnknownToEngine as error:
            raise refuse("bad_flag", f"was not started: {error}") from error
        except LaunchError as error:
            raise refuse("refused", f"was not started: {error}") from error


class Refusal(Exception):
    """A launch that is not tried, or has failed, and why. `plan` is that of its memory, where it
    was for that."""

    def __init__(self, verdict: Verdict, plan: dict[str, Any] | None = None) -> None:
        super().__init__(verdict.sentence)
        self.verdict = verdict
        self.plan = plan or {}
        self.is_written = False  # in the run that was begun for it


def refuse(code: str, sentence: str, advice: str = "") -> Refusal:
    return Refusal(Verdict(code, sentence, advice))


def order(engine_id: int, generation: int) -> Order:
    """Raises Refusal."""
    rows = Engine.objects.select_related("llama_model__projector", "preset")
    engine = rows.filter(pk=engine_id).first()
    if engine is None:
        raise refuse("gone", "is not there any more")
    model, preset = engine.llama_model, engine.preset
    if model.state != FileState.OK:
        why = model.reason or model.get_state_display()
        raise refuse("refused", f"was not started: its model is not usable: {why}", "Scan again.")
    if preset is not None and not preset.is_for(model):
        raise refuse("refused", f"was not started: its preset {preset} is for another model")
    try:
        binary = discovery.choose(preset.binary_key if preset else "")
    except discovery.NoEngine as error:
        raise refuse("no_program", "has no program to run it", str(error)) from error
    files = tuple(Path(file.path) for file in model.files.exclude(state=FileState.MISSING))
    projector = model.projector
    if projector is not None and projector.state != FileState.OK:
        projector = None
    options = effective_options(model, preset).options
    beside = preset_refs.beside(options)
    if why := preset_refs.unusable(beside):
        raise refuse("refused", f"was not started: {why}", "Scan again, or change the preset.")
    found = Order(
        engine_id=engine.pk,
        source=engine.source,
        generation=generation,
        alias=engine.alias,
        model_path=Path(model.path),
        projector_path=Path(projector.path) if projector else None,
        files=(
            *(files or (Path(model.path),)),
            *((Path(projector.path),) if projector else ()),
            *preset_refs.files(beside),
        ),
        size_bytes=model.size_bytes,
        options=options,
        binary=binary,
        last_port=engine.port,
        beside=preset_refs.paths(beside),
        memory=question(model, options, binary),
    )
    found.argv(ANY_PORT)  # what can never start is refused before others are stopped for it
    return found
