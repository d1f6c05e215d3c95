"""Every program that could serve models is asked anew what it is, as at the start of an engine."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError

from agent_app.doctor import database
from agent_app.doctor.finding import Finding, fail, note, ok
from engine_app import discovery
from engine_app.discovery import REMEDIES, Candidate
from engine_app.models import BinaryKind, EngineBinary
from engine_app.probing import Probe, probe

NAME: Final = "engine"
AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Asked:
    candidate: Candidate
    probe: Probe

    @property
    def works(self) -> bool:
        return not self.probe.problem

    @property
    def name(self) -> str:
        return shlex.join(self.candidate.words)


_asked: list[Asked] | None = None


def forget() -> None:
    global _asked
    _asked = None


def asked() -> list[Asked]:
    """Each takes up to a minute when it does not answer, so some are asked at the same time; all
    of them once an examination."""
    global _asked
    if _asked is None:
        candidates = [*discovery.candidates(), *_added()]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            _asked = list(map(Asked, candidates, pool.map(_probe, candidates)))
    return _asked


def _probe(candidate: Candidate) -> Probe:
    if candidate.problem:
        return Probe(problem=candidate.problem)
    return probe(candidate.words, embedded=candidate.is_embedded)


def _added() -> list[Candidate]:
    if not database.has_tables():
        return []
    try:
        rows = EngineBinary.objects.filter(kind=BinaryKind.ADDED, enabled=True)
        return [Candidate(BinaryKind.ADDED, row.words) for row in rows]
    except DatabaseError:
        return []


def chosen() -> Asked | None:
    """The one that a start without a preset's own choice takes; None when none can be used."""
    first = next((each for each in asked() if each.candidate.kind == BinaryKind.CONFIGURED), None)
    first = first or next((each for each in asked() if each.works), None)
    return first if first is not None and first.works else None


def check() -> Iterator[Finding]:
    for each in asked():
        yield _of(each)
    if not any(each.works for each in asked()):
        yield fail(NAME, "No program here can run a model.", " ".join(REMEDIES))


def _of(each: Asked) -> Finding:
    kind = BinaryKind(each.candidate.kind).label
    if each.works:
        version, devices = each.probe.version, each.probe.devices
        where = ", ".join(device.name for device in devices) or "CPU only"
        build = version.build or version.version
        return ok(NAME, f"{kind}: {each.name} is build {build}, computes on: {where}")
    words = f"{kind}: {each.name}: {each.probe.problem}"
    if each.candidate.kind == BinaryKind.CONFIGURED:
        advice = "No other is taken in its place: mend LLAMA_SERVER_BIN, or leave it out."
        return fail(NAME, words, advice)
    return note(NAME, words, "Mend or remove it; another one is used meanwhile if there is one.")
