"""The diagnostics file: what a maintainer needs to know and nothing that is not theirs to know.

No secrets, no model names, no user names; model folders are numbered, the home folder is `~`.
"""

from __future__ import annotations

import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from agent_app import loops
from agent_app.readiness import readiness
from llamadash import perf
from llamadash.system.figures import read_figures
from llamadash.system.program import read_program
from llamadash.system.storage import read_storage
from metrics_app.devices import read_devices, why_no_gpu
from models_app.models import LlamaModel, ModelRoot, ScanRun
from settings_app.environment import VARIABLES
from settings_app.options import OPTIONS

SCANS = 20


def diagnostics() -> dict[str, Any]:
    report = {
        "made_at": timezone.now().isoformat(),
        "machine": platform.platform(),
        "program": asdict(read_program()),
        "storage": asdict(read_storage()),
        "checks": [asdict(check) for check in readiness()],
        "loops": [asdict(status) for status in loops.statuses.values()],
        "figures": read_figures().as_json(),
        "devices": [asdict(device) for device in read_devices()],
        "no_gpu": why_no_gpu(),
        "environment": {each.name: each.text for each in VARIABLES if each.is_set},
        "options": {option.key: option.get() for option in OPTIONS.values()},
        "models": _models(),
        "roots": list(ModelRoot.objects.order_by().values("kind", "source", "enabled")),
        "scans": [_scan(run) for run in ScanRun.objects.all()[:SCANS]],
        "operations": [asdict(summary) for summary in perf.monitor.summaries()],
    }
    cleaned: dict[str, Any] = without_folders(report, _words_for_folders())
    return cleaned


def _words_for_folders() -> dict[str, str]:
    """Folder to what stands for it, longest first: the home folder may hold the others."""
    known = ModelRoot.objects.order_by("pk").values_list("path", flat=True)
    roots = dict.fromkeys([*known, *map(str, settings.MODELS_DIRS)])
    words = {path: f"(model folder {number})" for number, path in enumerate(roots, 1)}
    words.setdefault(str(Path.home()), "~")
    words.pop("/", None)
    return dict(sorted(words.items(), key=lambda pair: -len(pair[0])))


def without_folders(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, str):
        for folder, word in words.items():
            value = value.replace(folder, word)
        return value
    if isinstance(value, dict):
        return {key: without_folders(each, words) for key, each in value.items()}
    if isinstance(value, list):
        return [without_folders(each, words) for each in value]
    return value


def _models() -> list[dict[str, Any]]:
    rows = LlamaModel.objects.order_by().values("state", "kind", "parse_source")
    return [dict(row) for row in rows.annotate(n=Count("pk"))]


def _scan(run: ScanRun) -> dict[str, Any]:
    figures = {
        field.name: getattr(run, field.name)
        for field in ScanRun._meta.fields
        if field.name.startswith("n_")
    }
    kinds = [str(error.get("kind", "")) for error in run.errors if isinstance(error, dict)]
    return {
        "state": run.state,
        "trigger": run.trigger,
        "seconds": run.duration_seconds,
        "error_kinds": sorted(set(kinds)),
        **figures,
    }
