"""Presets from other programs' files and from pasted commands: first a plan, then its doing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction

from engine_app import preset_filters, preset_restarts, preset_serving
from engine_app.core.command_line import looks_like_command, read_command
from engine_app.core.imported import (
    MAX_BYTES,
    MOST_NEAR,
    Filters,
    Imported,
    ImportedError,
    LeftOut,
)
from engine_app.core.ini_files import looks_like_ini, read_ini
from engine_app.core.original_config import looks_like_original, read_json, read_original
from engine_app.core.presets_json import read_presets
from engine_app.core.swap_config import looks_like_swap, read_swap
from engine_app.models.preset import Preset
from engine_app.preset_editing import PresetError, change, create, global_defaults
from engine_app.preset_planning import ADD, CHANGE, Planned, Planner
from engine_app.preset_shelf import Shelf
from engine_app.presets import allow_list
from models_app.editing import EditError, add_aliases

if TYPE_CHECKING:
    from engine_app.control import User


@dataclass(frozen=True, slots=True)
class Plan:
    kind: str  # what the text was taken for
    presets: list[Planned]
    left_out: list[LeftOut]
    aliases: Mapping[int, list[str]] = field(default_factory=dict)  # new ones, by model
    filters: Mapping[int, Filters] = field(default_factory=dict)  # by model

    def having(self, action: str) -> list[Planned]:
        return [each for each in self.presets if each.action == action]

    @property
    def n_to_do(self) -> int:
        return len(self.having(ADD)) + len(self.having(CHANGE))

    @property
    def n_left_out(self) -> int:
        return len(self.left_out) + sum(len(each.left_out) for each in self.presets)

    @property
    def fingerprint(self) -> str:
        """The same while it would do the same."""
        does = [(each.name, each.action, each.changes, each.problem) for each in self.presets]
        return hashlib.blake2b(
            repr(does).encode(errors="backslashreplace"), digest_size=16
        ).hexdigest()


@dataclass(frozen=True, slots=True)
class Applied:
    n_added: int
    n_changed: int
    restarted: list[str]  # names of models whose engines begin anew

    @property
    def words(self) -> str:
        said = f"Presets: {self.n_added} added, {self.n_changed} changed."
        if self.restarted:
            names = ", ".join(self.restarted[:5])
            more = f" and {len(self.restarted) - 5} more" if len(self.restarted) > 5 else ""
            said += f" Engines that restart with another command line: {names}{more}."
        return said


def read_file(path: Path) -> str:
    """Raises ImportedError with the reason."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImportedError(f"{path} cannot be read: {error.strerror}.") from error
    return decoded(raw)


def decoded(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise ImportedError(f"This is larger than {MAX_BYTES >> 10} KiB.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportedError("This is not a text in UTF-8.") from error


def plan(text: str, name: str = "") -> Plan:
    """What importing would do. `name` is for a pasted command. Raises ImportedError."""
    if len(text) > MAX_BYTES:
        raise ImportedError(f"This is longer than {MAX_BYTES >> 10} KiB.")
    if not text.strip():
        raise ImportedError("There is nothing in it.")
    kind, found, left_out = _read(text, name)
    planner = Planner()
    presets = planner.plan(found)
    return Plan(kind, presets, left_out, planner.names.new, planner.filters_of(presets))


def apply(wanted: Plan, user: User = None) -> Applied:
    """All or none. Raises PresetError. Engines whose command line becomes another one begin anew;
    the others go on."""
    to_do = [each for each in wanted.presets if each.is_to_do]
    lines = preset_restarts.command_lines()
    saved: list[Preset | None] = []
    with transaction.atomic():
        shelf = Shelf()
        # What others inherit comes first: they are checked together with it.
        to_do.sort(key=lambda each: not each.is_defaults)
        for each in to_do:
            try:
                saved.append(_save(each, shelf))
            except PresetError as error:
                problems = {k: f"{each.name}: {why}" for k, why in error.problems.items()}
                raise PresetError(problems) from error
        try:
            add_aliases(wanted.aliases)
        except EditError as error:
            raise PresetError({"aliases": str(error)}) from error
        preset_filters.take(wanted.filters)
        preset_serving.set_engines(_wishes(to_do, saved), user)
    restarted = preset_restarts.restart_changed(lines, user)
    names = [engine.llama_model.name for engine in restarted]
    return Applied(len(wanted.having(ADD)), len(wanted.having(CHANGE)), names)


def _wishes(done: list[Planned], saved: list[Preset | None]) -> Iterator[preset_serving.Wish]:
    for each, preset in zip(done, saved, strict=True):
        if each.llama_model is not None:
            own = None if preset is None or preset.is_default else preset
            yield each.llama_model, own, each.serving


def _save(planned: Planned, shelf: Shelf) -> Preset | None:
    if planned.action == ADD:
        return create({"name": planned.name, **planned.values()}, shelf)
    if not planned.is_saved_anew:
        return planned.existing
    existing = global_defaults() if planned.is_defaults else planned.existing
    assert existing is not None  # noqa: S101 - what CHANGE means
    return change(existing.pk, planned.values(), shelf)


def _read(text: str, name: str) -> tuple[str, list[Imported], list[LeftOut]]:
    allowed = allow_list().sparing(MOST_NEAR)
    if text.lstrip().startswith(("{", "[{", "[\n")):
        data = read_json(text)
        if isinstance(data, list):
            return "presets of llamadash", read_presets(data, allowed), []
        if isinstance(data, Mapping) and looks_like_original(data):
            return "configuration of the dashboard before", read_original(data, allowed), []
        raise ImportedError("This JSON holds no options that are known here.")
    if looks_like_ini(text):
        file = read_ini(text, allowed)
        return "preset file of llama.cpp", file.presets, file.left_out
    if looks_like_swap(text):
        swap = read_swap(text, allowed)
        return "configuration of llama-swap", swap.presets, swap.left_out
    if looks_like_command(text):
        return "command", [read_command(text, allowed, name)], []
    raise ImportedError(
        "This is none of what can be read: a llama-server command, a models.ini, a llama-swap "
        "config.yaml, or the configuration of the dashboard before this one."
    )
