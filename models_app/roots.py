"""Which folders are scanned: what may become one, and how they come and go."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from django.db import transaction

from models_app.disk.bounded import real_paths, within
from models_app.disk.stores import detect_kind
from models_app.models import ModelRoot, RegistryVersion, RootKind, RootSource, path_key

AUTO: Final = "auto"
ANSWER_SECONDS: Final = 5.0  # a person waits for these answers
# Nobody keeps models in these themselves; below some people do (/usr/share/ollama, /run/media).
_SYSTEM_FOLDERS: Final = frozenset(
    f"/{name}" if name else "/"
    for name in ("", "bin", "boot", "etc", "lib", "lib64", "run", "sbin", "tmp", "usr", "var")
)
_VIRTUAL_FOLDERS: Final = ("/proc", "/sys", "/dev")


_NO_PATH: Final = "Give the path of a folder."


class RootError(ValueError):
    """Why a folder cannot be scanned, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


def normal(path: str | os.PathLike[str]) -> str:
    """As paths are stored: absolute, without `~`, `..` or a slash at the end; links stay."""
    return os.path.normpath(_home_expanded(path).absolute())


def _home_expanded(path: str | os.PathLike[str]) -> Path:
    given = Path(path)
    with suppress(RuntimeError):  # no such user: then it is a folder's name
        given = given.expanduser()
    return given


def check_new(path: str | os.PathLike[str], kind: str = AUTO) -> list[str]:
    """What speaks against scanning a folder, in sentences; empty when nothing does."""
    if _is_blank(text := os.fspath(path)):
        return [_NO_PATH]
    if kind not in (AUTO, *RootKind.values):
        return [f"{kind} is no kind of folder: give one of {', '.join(RootKind.values)}."]
    if not _home_expanded(text).is_absolute():  # of which folder is known to nobody who reads it
        return [f"{text} is not a full path: give the full path, from /."]
    folder = normal(path)
    problem = unusable(folder) or _system_folder(folder)
    return [problem] if problem else _clashes(folder)


def _is_blank(text: str) -> bool:
    """No path at all. Else it is taken as it is: a folder's name may end with a blank."""
    return not text.strip() or "\0" in text


def unusable(folder: str) -> str:
    """Why a folder cannot be looked into at this moment; "" when it can."""
    silent = f"{folder} does not answer: is the disk or network mount it is on still there?"
    return within(ANSWER_SECONDS, lambda: _unusable(folder), silent)


def _unusable(folder: str) -> str:
    try:
        folder.encode()
        with os.scandir(folder) as entries:
            next(entries, None)
    except UnicodeEncodeError:
        return "The folder's name is not UTF-8 text: rename it."
    except OSError as error:
        return _reason(folder, error)
    return ""


def _reason(folder: str, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return f"{folder} does not exist: check the spelling, or mount the disk it is on."
    if error.errno == errno.ENOTDIR:
        return f"{folder} is not a folder: give the folder that holds the model files."
    if error.errno in (errno.EACCES, errno.EPERM):
        user = os.environ.get("USER") or f"user {os.getuid()}"
        return f"{folder} may not be read by {user}: allow reading and entering it (chmod o+rx)."
    return f"{folder} cannot be read: {error.strerror or type(error).__name__}."


def _system_folder(folder: str) -> str:
    real = os.path.realpath(folder)
    if real in _SYSTEM_FOLDERS or any(_is_inside(real, top) for top in _VIRTUAL_FOLDERS):
        return f"{folder} is a folder of the system: give the one that holds the models."
    return ""


def _clashes(folder: str) -> list[str]:
    """A file belongs to one root, so roots neither equal nor contain each other."""
    roots = list(ModelRoot.objects.all())
    real = real_paths([folder, *(root.path for root in roots)], ANSWER_SECONDS)
    clashes = (_clash(folder, real[folder], root, real[root.path]) for root in roots)
    return [clash for clash in clashes if clash]


def _clash(folder: str, real: str, root: ModelRoot, other: str) -> str:
    if real == other:
        name = "" if root.path == folder else f" as {root.path}"
        state = "." if root.enabled else ", but switched off: switch it on again."
        return f"{folder} is there already{name}{state}"
    if _is_inside(real, other):
        state = "scanned already." if root.enabled else "switched off: switch it on again."
        return f"{folder} lies inside {root.path}, which is {state}"
    if _is_inside(other, real):
        state = "scanned already" if root.enabled else "switched off"
        return f"{folder} contains {root.path}, which is {state}: remove that first."
    return ""


def add_root(
    path: str | os.PathLike[str], kind: str = AUTO, source: str = RootSource.USER
) -> ModelRoot:
    """Raises RootError. The folder is scanned by the next scan, not here."""
    if problems := check_new(path, kind):
        raise RootError(problems)
    folder = normal(path)
    with transaction.atomic():
        root = ModelRoot(
            path=folder, kind=detect_kind(folder) if kind == AUTO else kind, source=source
        )
        root.save()
        RegistryVersion.raise_it()
    return root


def sync_environment(paths: Iterable[str | os.PathLike[str]]) -> list[str]:
    """Makes the roots agree with LLAMADASH_MODELS_DIRS; returns what is wrong with it.

    Roots that are not named any more are switched off, not removed: their models keep their notes.
    A variable that is not set says nothing: the folders of an earlier start stay.
    """
    folders = [normal(path) for path in paths]
    if not folders:
        return []
    problems: list[str] = []
    for folder in folders:
        root = ModelRoot.objects.filter(key=path_key(folder)).first()
        if root is not None:
            _switch(root, True)
            problems += [problem] if (problem := unusable(folder)) else []
            continue
        try:
            add_root(folder, source=RootSource.ENVIRONMENT)
        except RootError as error:
            problems += error.problems
    for root in ModelRoot.objects.filter(source=RootSource.ENVIRONMENT, enabled=True):
        if root.path not in folders:
            _switch(root, False)
    return problems


def _switch(root: ModelRoot, enabled: bool) -> None:
    if root.enabled == enabled:
        return
    with transaction.atomic():
        root.enabled = enabled
        root.save(update_fields=["enabled", "key"])
        RegistryVersion.raise_it()


def for_scan(paths: Sequence[str | Path]) -> list[ModelRoot]:
    """The roots of a command line: known ones, and new ones for folders that may become one.

    Raises RootError with a sentence for each folder that cannot be scanned, and changes nothing
    then.
    """
    if any(_is_blank(os.fspath(path)) for path in paths):
        raise RootError([_NO_PATH])
    folders = list(dict.fromkeys(normal(path) for path in paths))
    known = {root.path: root for root in ModelRoot.objects.filter(key__in=map(path_key, folders))}
    problems = {folder: _speaks_against(folder, folder in known) for folder in folders}
    new = [folder for folder in folders if folder not in known and not problems[folder]]
    said = [problem for problem in problems.values() if problem] + _clashes_among(new)
    if said:
        raise RootError(said)
    for folder in folders:
        if folder in known:
            _switch(known[folder], True)
    return [known.get(folder) or add_root(folder) for folder in folders]


def _speaks_against(folder: str, known: bool) -> str:
    return unusable(folder) if known else next(iter(check_new(folder)), "")


def _clashes_among(folders: Sequence[str]) -> list[str]:
    """One sentence for each folder that lies in another of them, or is the same."""
    real = real_paths(folders, ANSWER_SECONDS)
    clashes = []
    for at, folder in enumerate(folders):
        others = (*folders[:at], *(f for f in folders[at + 1 :] if real[f] != real[folder]))
        around = next((each for each in others if _is_inside(real[folder], real[each])), None)
        if around is not None:
            clashes.append(f"{folder} lies inside {around}: give only one of them.")
    return clashes


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
