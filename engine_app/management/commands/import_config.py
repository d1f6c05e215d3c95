from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from engine_app.core.imported import ImportedError
from engine_app.preset_editing import PresetError
from engine_app.preset_import import Applied, Plan, apply, plan, read_file
from engine_app.preset_planning import ADD, CHANGE, SAME, SKIP, Planned
from llamadash.logs import one_line

SIGNS = {ADD: "+", CHANGE: "~", SAME: "=", SKIP: "-"}


class Command(BaseCommand):
    help = (
        "Imports presets: a models.ini of llama.cpp, a config.yaml of llama-swap, a llama-server "
        "command, or the files of the dashboard before this one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="only show what would change")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            wanted = plan(read_file(options["file"]), options["file"].stem)
            done = None if options["dry_run"] else apply(wanted)
        except (ImportedError, PresetError) as error:
            raise CommandError(one_line(str(error))) from error
        if options["json"]:
            self.stdout.write(json.dumps(as_data(wanted, done)))
            return
        for line in diff(wanted):
            self.stdout.write(one_line(line))
        would = "would be " if options["dry_run"] else ""
        added, changed = len(wanted.having(ADD)), len(wanted.having(CHANGE))
        self.stdout.write(
            f"{wanted.kind}: {added} {would}added, {changed} {would}changed, "
            f"{len(wanted.having(SAME))} unchanged, {len(wanted.having(SKIP))} skipped, "
            f"{wanted.n_left_out} left out."
        )
        for name in done.restarted if done else ():
            self.stdout.write(one_line(f"{name} restarts: its command line is another one now."))


def diff(wanted: Plan) -> Iterator[str]:
    for each in wanted.presets:
        model = f" (for {each.llama_model.name})" if each.llama_model else ""
        yield f"{SIGNS[each.action]} {each.name}{model}{' ' * bool(each.problem)}{each.problem}"
        yield from (f"    {line}" for line in _changes(each))
        yield from (f"    ! {left.what}: {left.why}" for left in each.left_out)
    yield from (f"! {left.what}: {left.why}" for left in wanted.left_out)


def _changes(planned: Planned) -> Iterator[str]:
    if planned.action not in (ADD, CHANGE):
        return
    for each in planned.changes:
        yield f"{each.option}: {each.old or '(not set)'} -> {each.new or '(not set)'}"


def as_data(wanted: Plan, done: Applied | None) -> dict[str, Any]:
    return {
        "kind": wanted.kind,
        "dry_run": done is None,
        "restarted": done.restarted if done else [],
        "presets": [
            {
                "name": each.name,
                "action": each.action,
                "model": each.llama_model.path if each.llama_model else None,
                "options": each.options,
                "changes": [asdict(change) for change in each.changes],
                "left_out": [{"what": left.what, "why": left.why} for left in each.left_out],
                "problem": each.problem,
            }
            for each in wanted.presets
        ],
        "left_out": [{"what": left.what, "why": left.why} for left in wanted.left_out],
    }
