"""What a walk hands on: files, and what could not be looked at."""

from __future__ import annotations

import hashlib
import os
from typing import Final, Literal, NamedTuple

# Raise it when the reader, the derived facts or the stored columns change: every file is then
# read once more.
PARSER_VERSION: Final = 1

NoteKind = Literal[
    "folder",  # cannot be listed
    "link",  # leads nowhere, in a circle, or out of the scanned folders
    "not_regular",  # a pipe, socket or device with a model's name
    "name",  # not valid UTF-8
    "download",  # a download in progress, or left behind
    "manifest",  # a store's own list that makes no sense
    "depth",
    "os_error",
]


class Note(NamedTuple):
    path: str
    kind: NoteKind
    message: str


class StoreEntry(NamedTuple):
    """What the program that put a file there says about it: hostile text, like all metadata."""

    name: str | None = None  # the name its users know: "llama3.2:1b"
    other_names: tuple[str, ...] = ()
    repository: str | None = None  # "org/repo"
    revision: str | None = None
    licence: str | None = None
    projector: str | None = None  # path of the projector that belongs to it


class FoundFile(NamedTuple):
    path: str  # what an engine is given
    real_path: str  # where the bytes are, links resolved
    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    is_link: bool = False
    sha256: str = ""
    store: StoreEntry | None = None
    downloading: bool = False  # a downloader's control file lies beside it

    @property
    def stamp(self) -> tuple[int, int, int, int, int]:
        return self.device, self.inode, self.size_bytes, self.mtime_ns, self.ctime_ns

    @property
    def scan_key(self) -> str:
        """Equal keys: nothing to read. ctime is in it because mtime can be set back.

        What a store says belongs to the result but not to the file, so it is in the key too.
        """
        stamp = (
            f"{self.device}:{self.inode}:{self.size_bytes}:{self.mtime_ns}:{self.ctime_ns}"
            f":{PARSER_VERSION}"
        )
        if self.store is None and not self.downloading:
            return stamp
        hint = repr((self.store, self.downloading)).encode("utf-8", "backslashreplace")
        return f"{stamp}:{hashlib.blake2b(hint, digest_size=6).hexdigest()}"


def stamp_of(status: os.stat_result) -> tuple[int, int, int, int, int]:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def is_storable(path: str) -> bool:
    """Whether a path is text: file systems allow any bytes, databases do not."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(path: str) -> str:
    """A path as text that can be stored and logged, whatever bytes it is made of."""
    return path.encode("utf-8", "backslashreplace").decode()
