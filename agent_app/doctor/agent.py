from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
from django.conf import settings
from django.utils import timezone

from agent_app.doctor.finding import Finding, fail, note, ok
from agent_app.lease import AgentLease
from agent_app.models import AgentHeartbeat
from agent_app.pruner import last_run
from llamadash.formats import duration
from llamadash.version import VERSION

NAME: Final = "agent"


def lease() -> AgentLease:
    return AgentLease(Path(settings.DATA_DIR) / "agent.lock")


def check() -> Iterator[Finding]:
    held_by = lease().held_by()
    beat = AgentHeartbeat.objects.filter(node=settings.NODE).first()
    if held_by is None:
        yield _nobody(beat)
        return
    who = f"process {held_by}" if held_by else "a process"
    if beat is None or not beat.is_alive:
        since = "" if beat is None else f" for {_ago(beat)}"
        words = f"{who} has the data folder's lease and gives no sign of life{since}."
        yield fail(NAME, words, "Look into its log; restart llamadash when it has just not begun.")
        return
    words = f"{who} runs since {beat.started_at:%Y-%m-%d %H:%M} UTC, heard {_ago(beat)} ago"
    if beat.version != VERSION:
        advice = "Restart it, so that pages and agent are of one version."
        yield note(NAME, f"{words}; it is version {beat.version}, this is {VERSION}.", advice)
        return
    yield ok(NAME, words)


def _nobody(beat: AgentHeartbeat | None) -> Finding:
    if beat is not None and beat.is_alive and psutil.pid_exists(beat.pid):
        words = f"One with another data folder says that it is {settings.NODE}, too."
        return fail(NAME, words, "Give each machine its own LLAMADASH_NODE.")
    start = "manage.py serve starts one: without it nothing is scanned, measured or supervised."
    return note(NAME, "None runs for this data folder.", start)


def _ago(beat: AgentHeartbeat) -> str:
    return duration(max(0.0, (timezone.now() - beat.seen_at).total_seconds()))


def check_retention() -> Iterator[Finding]:
    run = last_run()
    if run.is_late:
        since = f"{run.at:%Y-%m-%d %H:%M} UTC" if run.at else "never"
        words = f"Old records were last deleted: {since}."
        advice = "The agent does it every hour: see that one runs, or run manage.py prune_metrics."
        yield note("retention", words, advice)
        return
    yield ok("retention", f"applied {run.at:%Y-%m-%d %H:%M} UTC" if run.at else "not due yet")
