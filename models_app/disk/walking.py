"""Looks for model files below one root, in a thread of its own that may be left behind.

A mount that has stopped answering holds any thread that touches it, and nothing can end such a
thread: so it is a daemon, gives signs of life, and is abandoned when they stop.
"""

# Paths stay texts here: a Path for every entry would cost more than listing the folders.
# ruff: noqa: PTH116, PTH119
from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from models_app.disk.found import FoundFile, Note, NoteKind, is_storable, shown, stamp_of
from models_app.disk.links import one_path_each
from models_app.disk.ollama import OllamaStore
from models_app.disk.stores import blob_digest, entry_of, is_own_blob, is_unfinished_blob

MAX_DEPTH: Final = 16
MAX_FILES: Final = 50_000  # keeps a scan's memory below about 100 MB
MAX_NOTES: Final = 1_000
EXTENSION: Final = ".gguf"
# Not models yet, or never any more: noted, never read.
UNFINISHED: Final = (
    ".part", ".partial", ".incomplete", ".download", ".downloadinprogress", ".crdownload", ".aria2",
    ".tmp", ".!qb", ".ytdl",
)  # fmt: skip
_CONTROL_FILE: Final = ".aria2"  # lies beside a file that already has its name and full size
_GONE: Final = (errno.ENOENT, errno.ENOTDIR)

Lister = Callable[[str], AbstractContextManager[Iterator[os.DirEntry[str]]]]


@dataclass(frozen=True, slots=True)
class Place:
    """A root as the walk needs it."""

    path: str
    kind: str = "folder"
    follow_links: bool = False
    # Real paths of all folders that are scanned: links may lead there.
    allowed: tuple[str, ...] = ()


@dataclass(slots=True)
class WalkResult:
    found: list[FoundFile] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)  # folders nobody knows the content of
    unusable: dict[str, str] = field(default_factory=dict)  # path -> why, for files seen by name
    unsure: set[str] = field(default_factory=set)  # paths that may belong to it as before, or not
    problem: str = ""  # of the root itself
    gone: bool = False  # the root is not there: nothing in it is
    finished: bool = False  # it has looked everywhere it could
    n_unfinished: int = 0  # downloads that have not ended and are no model's file yet

    @property
    def is_complete(self) -> bool:
        """What is not found and not below an unlisted folder is not there."""
        return self.finished or self.gone


class Walk:
    """One root. `result` is complete when `done` is set, and must not be read before."""

    def __init__(self, place: Place, lister: Lister = os.scandir) -> None:
        self.place = place
        self.result = WalkResult()
        self.done = threading.Event()
        self.at = place.path
        self.sign_at = time.monotonic()
        self.abandoned = False
        self.seconds = 0.0  # how long it took
        self._lister = lister
        self._visited: set[tuple[int, int]] = set()

    def start(self) -> None:
        self.sign_at = time.monotonic()
        threading.Thread(target=self._run_safely, name="scan-walk", daemon=True).start()

    def _run_safely(self) -> None:
        started = time.monotonic()
        try:
            self.run()
        except Exception as error:  # a fault of one root must not be one of the others
            self.result = WalkResult(problem=f"the walk failed: {type(error).__name__}: {error}")
        self.seconds = time.monotonic() - started
        self.done.set()

    def run(self) -> None:
        """Walks in the calling thread."""
        root = self.place.path
        try:
            status = os.stat(root)
        except OSError as error:
            self.result.gone = error.errno in _GONE
            self.result.problem = f"cannot be opened: {_words(error)}"
            return
        if not stat.S_ISDIR(status.st_mode):
            self.result.gone, self.result.problem = True, "is not a folder any more"
            return
        if self.place.kind == "ollama":
            self._walk_ollama(root)
        else:
            self._walk_folders(root, status)
        self.result.found = one_path_each(self.result.found)

    def _walk_ollama(self, root: str) -> None:
        store = OllamaStore(root)
        for at in store.walk():
            self._sign(at)
        result = self.result
        result.found, result.notes, result.problem = store.found, store.notes, store.problem
        result.unlisted, result.unusable, result.unsure = (
            store.unlisted,
            store.unusable,
            store.unsure,
        )
        result.finished = store.finished

    def _walk_folders(self, root: str, status: os.stat_result) -> None:
        self._visited.add((status.st_dev, status.st_ino))
        folders = [(root, 0)]
        while folders and not self.abandoned:
            path, depth = folders.pop()
            self._sign(path)
            try:
                folders += self._list(path, depth)
            except OSError as error:
                self._unlisted(path, error)
            if len(self.result.found) > MAX_FILES:
                self.result.problem = f"holds more than {MAX_FILES:,} model files"
                return
        self.result.finished = not self.abandoned

    def _unlisted(self, path: str, error: OSError) -> None:
        if path == self.place.path:
            self.result.problem = f"cannot be listed: {_words(error)}"
            self.result.gone = error.errno in _GONE
        if error.errno in _GONE:  # removed between its parent's listing and its own
            return
        self.result.unlisted.append(path)
        self._note(path, "folder", f"cannot be listed: {_words(error)}")

    def _list(self, folder: str, depth: int) -> list[tuple[str, int]]:
        folders: list[tuple[str, int]] = []
        found: list[FoundFile] = []
        controlled: set[str] = set()
        with self._lister(folder) as entries:
            for entry in entries:
                name = entry.name
                if name[0] == "." or len(found) > MAX_FILES:
                    continue
                self.sign_at = time.monotonic()
                if self._is_folder(entry):
                    if self._is_new(entry, depth):
                        folders.append((entry.path, depth + 1))
                elif name[-5:].lower() == EXTENSION:
                    file = self._file(entry)
                    if file is not None:
                        found.append(file)
                elif self._is_linked_folder(entry):
                    self._note_linked_folder(entry.path)
                elif self._note_unfinished(entry):
                    controlled.add(name[: -len(_CONTROL_FILE)])
        if controlled:
            found = [_marked(file, controlled) for file in found]
        self.result.found += found
        return folders

    # -- folders
    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir(follow_symlinks=self.place.follow_links)
        except OSError:
            return False

    def _is_new(self, entry: os.DirEntry[str], depth: int) -> bool:
        """Each folder once, whatever links lead to it; without links there is one way only."""
        if depth >= MAX_DEPTH:
            self._note(entry.path, "depth", f"is more than {MAX_DEPTH} folders deep")
            return False
        if not self.place.follow_links:
            return True
        try:
            status = entry.stat()
            inside = not entry.is_symlink() or self._is_allowed(os.path.realpath(entry.path))
        except OSError as error:
            self._unlisted(entry.path, error)
            return False
        if not inside:
            self._note(entry.path, "link", "leads out of the scanned folders")
            return False
        key = status.st_dev, status.st_ino
        new = key not in self._visited
        self._visited.add(key)
        return new

    def _is_linked_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return not self.place.follow_links and entry.is_symlink() and entry.is_dir()
        except OSError:
            return False

    def _note_linked_folder(self, path: str) -> None:
        """One that leads to a scanned folder hides nothing: its models are found there."""
        real_path = os.path.realpath(path)
        if not self._is_allowed(real_path):
            target = shown(real_path)
            self._note(path, "link", f"leads to the folder {target}: add that one to scan it")

    # -- files
    def _file(self, entry: os.DirEntry[str]) -> FoundFile | None:
        path = entry.path
        try:
            if not is_storable(path):
                self._note(path, "name", "the name is not UTF-8 text: rename the file")
                return None
            if entry.is_symlink():
                return self._linked(path)
            if entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                store = entry_of(self.place.kind, self.place.path, path)
                return FoundFile(path, path, *stamp_of(status), store=store)
            self._note(path, "not_regular", "is a pipe, socket or device, not a file")
        except OSError as error:
            self._unusable(path, error)
        return None

    def _linked(self, path: str) -> FoundFile | None:
        """A link to a file counts when that lies where a scan may look."""
        try:
            real_path = os.path.realpath(path, strict=True)
            status = os.stat(real_path)
        except OSError as error:
            if error.errno in _GONE:
                self._note(path, "link", "leads to a file that is not there")
            else:
                self._unusable(path, error)
            return None
        if not stat.S_ISREG(status.st_mode):
            if not stat.S_ISDIR(status.st_mode):
                self._note(path, "not_regular", "leads to a pipe, socket or device")
            elif not self.place.follow_links:
                self._note_linked_folder(path)
            return None
        if not self._is_allowed(real_path) and not is_own_blob(path, real_path):
            message = f"leads out of the scanned folders, to {shown(real_path)}"
            self._note(path, "link", message)
            return None
        if self._is_found_elsewhere(real_path):
            return None
        return FoundFile(
            path,
            real_path,
            *stamp_of(status),
            is_link=True,
            sha256=blob_digest(real_path),
            store=entry_of(self.place.kind, self.place.path, path),
        )

    def _is_allowed(self, real_path: str) -> bool:
        return any(_is_inside(real_path, folder) for folder in self.place.allowed)

    def _is_found_elsewhere(self, real_path: str) -> bool:
        """The target is a model's file of another root: it is found there under its own name."""
        if real_path[-5:].lower() != EXTENSION:
            return False
        own = os.path.realpath(self.place.path)
        return not _is_inside(real_path, own) and self._is_allowed(real_path)

    def _note_unfinished(self, entry: os.DirEntry[str]) -> bool:
        """Notes a download that has not ended; True for a control file beside a full-size one."""
        name = entry.name.lower()
        if not name.endswith(UNFINISHED):
            return False
        if EXTENSION not in name and not is_unfinished_blob(entry.path):
            return False
        self._note(entry.path, "download", "is a download that has not ended")
        is_control_file = name.endswith(_CONTROL_FILE)
        self.result.n_unfinished += not is_control_file
        return is_control_file

    # -- bookkeeping
    def _unusable(self, path: str, error: OSError) -> None:
        self.result.unusable[path] = _words(error)
        self._note(path, "os_error", f"cannot be looked at: {_words(error)}")

    def _note(self, path: str, kind: NoteKind, message: str) -> None:
        if len(self.result.notes) < MAX_NOTES:
            self.result.notes.append(Note(shown(path), kind, message))

    def _sign(self, at: str) -> None:
        self.at = at
        self.sign_at = time.monotonic()


def finished_walks(
    walks: Iterable[Walk], stall_seconds: float, wait: Callable[[], None]
) -> Iterator[Walk]:
    """Starts all and yields each as it ends; one that is silent for too long is abandoned.

    `wait` is called again and again in between: it passes a little time, and may raise.
    """
    open_walks = list(walks)
    for walk in open_walks:
        walk.start()
    try:
        while open_walks:
            ended = [
                walk for walk in open_walks if walk.done.is_set() or _stalls(walk, stall_seconds)
            ]
            open_walks = [walk for walk in open_walks if walk not in ended]
            yield from ended
            if open_walks and not ended:
                wait()
    finally:
        for walk in open_walks:
            walk.abandoned = True


def _stalls(walk: Walk, stall_seconds: float) -> bool:
    if time.monotonic() - walk.sign_at <= stall_seconds:
        return False
    walk.abandoned = True
    return True


def _marked(file: FoundFile, controlled: set[str]) -> FoundFile:
    return file._replace(downloading=True) if os.path.basename(file.path) in controlled else file


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__
