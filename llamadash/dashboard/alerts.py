"""What is wrong now, and what to do about it. On a healthy machine there is nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from django.urls import reverse

from agent_app.pruner import last_run
from llamadash import formats
from llamadash.dashboard.data_disk import DataDisk
from llamadash.dashboard.engines import troubles
from metrics_app.recording import recorder
from metrics_app.sampler import sampler
from models_app.models import ScanRun, ScanState
from models_app.pages.scan_words import errors

MOST_MEMORY_RATIO: Final = 0.85


@dataclass(frozen=True, slots=True)
class Alert:
    word: str
    text: str  # what it is, and what to do
    href: str = ""  # where that is done
    action: str = ""
    glyph: Literal["warn", "fail"] = "warn"


def alerts(
    disk: DataDisk,
    last_scan: ScanRun | None,
    values: Mapping[str, float | None],
    *,
    staff: bool,
) -> list[Alert]:
    """Only staff are sent to pages that only staff may open."""
    found = [
        *_engines(),
        *_memory(values),
        *_disk(disk),
        *_scan(last_scan),
        *_recording(),
        *_sensors(),
        *_retention(),
    ]
    if staff:
        return found
    return [Alert(each.word, each.text, glyph=each.glyph) for each in found]


def _engines() -> Iterator[Alert]:
    for each in troubles():
        yield Alert(each.word, each.text, each.href, each.action, "fail")


def _memory(values: Mapping[str, float | None]) -> Iterator[Alert]:
    used, total = values.get("host/memory_used_bytes"), values.get("host/memory_total_bytes")
    if used is None or not total or used / total <= MOST_MEMORY_RATIO:
        return
    text = (
        f"{formats.size(used)} of {formats.size(total)} of RAM are in use. Beyond it the machine "
        "swaps and all becomes slow: stop what is not needed."
    )
    yield Alert("memory nearly full", text, reverse("engines:list"), "See the engines")


def _disk(disk: DataDisk) -> Iterator[Alert]:
    if disk.is_nearly_full:
        yield Alert(
            "disk nearly full",
            f"{formats.size(disk.free_bytes)} of {formats.size(disk.total_bytes)} are free where "
            "llamadash keeps its data. Free some space, or keep figures for a shorter time.",
            reverse("system"),
            "See the storage",
        )


def _scan(run: ScanRun | None) -> Iterator[Alert]:
    if run is None:
        return
    folders = reverse("models_app:folders")
    if run.state == ScanState.FAILED:
        why = run.message or "The log says why."
        yield Alert(
            "last scan failed", f"{why} Scan again when that is mended.", folders, "Folders"
        )
    elif run.n_errors:
        first = next((str(error.get("path", "")) for error in errors(run)), "")
        places = "1 place" if run.n_errors == 1 else f"{formats.grouped(run.n_errors)} places"
        text = f"{places} could not be read{', first ' + first if first else ''}."
        yield Alert("last scan", text, folders, "See which")


def _recording() -> Iterator[Alert]:
    """Of the agent in this process; a web process without one records nothing."""
    if recorder.last_error is None:
        return
    waiting, lost = formats.grouped(recorder.n_pending), formats.grouped(recorder.n_dropped)
    text = (
        f"The database cannot be written: {recorder.last_error}. {waiting} figures wait in memory"
    )
    text += f", {lost} were lost." if recorder.n_dropped else ", for ten minutes at most."
    yield Alert("figures are not kept", text, reverse("system"), "See the storage", "fail")


def _sensors() -> Iterator[Alert]:
    system = reverse("system")
    for status in sampler.statuses():
        if status.hung:
            text = f"{status.name} does not answer; the others are read without it."
            yield Alert("sensor hangs", text, system, "See the system")
        elif status.error:
            yield Alert("sensor fails", f"{status.name}: {status.error}", system, "See the system")


def _retention() -> Iterator[Alert]:
    run = last_run()
    if run.is_late:
        when = "never" if run.at is None else f"last on {run.at:%Y-%m-%d at %H:%M} UTC"
        text = f"Old figures were {when} deleted by the policies. Is the agent running?"
        yield Alert("retention is late", text, reverse("system"), "See the loops")
