"""The layouts in which other programs keep models: Hugging Face, LM Studio, llama.cpp, Ollama."""

# Paths stay texts here: a Path for every entry would cost more than listing the folders.
# ruff: noqa: PTH118, PTH119, PTH120, PTH206
from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import PurePath
from typing import Final, Literal

from models_app.disk.found import StoreEntry

StoreKind = Literal["folder", "huggingface", "lmstudio", "llamacpp", "ollama"]

_REPOSITORY: Final = re.compile(
    r"^models--([A-Za-z0-9][\w.-]{0,95}?)--([A-Za-z0-9][\w.-]{0,95})$", re.ASCII
)
_REVISION: Final = re.compile(r"^[0-9a-f]{40}$")
_SHA256: Final = re.compile(r"^[0-9a-f]{64}$")
_SNAPSHOTS: Final = "snapshots"
_MOST_LOOKED_AT: Final = 200


def detect_kind(path: str) -> StoreKind:
    """What a folder looks like; a look at its first entries, and "folder" in doubt or on error."""
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in islice(entries, _MOST_LOOKED_AT)]
    except OSError:
        return "folder"
    if "manifests" in names and "blobs" in names:
        return "ollama"
    if any(_REPOSITORY.match(name) for name in names):
        return "huggingface"
    if any(name.startswith("manifest=") and name.endswith(".json") for name in names):
        return "llamacpp"
    return _kind_by_place(PurePath(path).parts)


def _kind_by_place(parts: tuple[str, ...]) -> StoreKind:
    if parts[-2:] in ((".lmstudio", "models"), ("lm-studio", "models")):
        return "lmstudio"
    return "llamacpp" if parts[-2:] == (".cache", "llama.cpp") else "folder"


def entry_of(kind: str, root: str, path: str) -> StoreEntry | None:
    """What the place of a file says: the repository it was fetched from."""
    if kind == "huggingface" or f"{os.sep}models--" in path:
        return _hugging_face(PurePath(path).parts)
    if kind == "lmstudio":
        return _publisher_and_repository(os.path.relpath(path, root).split(os.sep))
    return None


def _hugging_face(parts: tuple[str, ...]) -> StoreEntry | None:
    at = next((i for i, part in enumerate(parts) if part == _SNAPSHOTS), 0)
    match = _REPOSITORY.match(parts[at - 1]) if 0 < at < len(parts) - 2 else None
    if match is None:
        return None
    revision = parts[at + 1]
    return StoreEntry(
        repository=f"{match[1]}/{match[2]}",
        revision=revision if _REVISION.match(revision) else None,
    )


def _publisher_and_repository(parts: list[str]) -> StoreEntry | None:
    return StoreEntry(repository=f"{parts[0]}/{parts[1]}") if len(parts) == 3 else None


def blob_digest(real_path: str) -> str:
    """The SHA-256 of a blob, which is its name in the Hugging Face cache; else ""."""
    folder, name = os.path.split(real_path)
    return name if os.path.basename(folder) == "blobs" and _SHA256.match(name) else ""


def repository_folder(path: str) -> str | None:
    """…/models--org--name of a path below its snapshots, else None."""
    before, found, _ = path.partition(f"{os.sep}{_SNAPSHOTS}{os.sep}")
    return before if found and _REPOSITORY.match(os.path.basename(before)) else None


def is_own_blob(path: str, real_path: str) -> bool:
    """A snapshot's link into its own repository's blobs, wherever the scanned folder begins."""
    repository = repository_folder(path)
    if repository is None:
        return False
    return os.path.dirname(real_path) == os.path.join(os.path.realpath(repository), "blobs")


def is_unfinished_blob(path: str) -> bool:
    """A download of the Hugging Face cache, which says nothing of its file but the repository."""
    folder, name = os.path.split(path)
    repository, blobs = os.path.split(folder)
    if blobs != "blobs" or not name.endswith(".incomplete"):
        return False
    match = _REPOSITORY.match(os.path.basename(repository))
    return match is not None and "gguf" in match[2].lower()


def main_revision(repository: str) -> str | None:
    """The revision that `refs/main` names; None when there is none or it is not one."""
    try:
        fd = os.open(
            os.path.join(repository, "refs", "main"),
            os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW,
        )
    except OSError:
        return None
    try:
        text = os.read(fd, 64).decode("ascii", "replace").strip()
    except OSError:
        return None
    finally:
        os.close(fd)
    return text if _REVISION.match(text) else None
