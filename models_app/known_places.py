"""Where other programs keep their models on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models_app import roots
from models_app.disk.bounded import real_paths, within
from models_app.disk.ollama import OllamaStore
from models_app.disk.walking import EXTENSION
from models_app.models import ModelRoot, RootKind, RootSource

# A look, not a scan: home folders may lie on a network mount.
LOOK_SECONDS: Final = 1.0
LOOK_ENTRIES: Final = 20_000
LOOK_DEPTH: Final = 6


@dataclass(frozen=True, slots=True)
class Suggestion:
    path: str
    kind: str
    n_files: int  # at least: the look is bounded


def suggestions() -> list[Suggestion]:
    """Places that exist and hold models, most first, without those already scanned. Never raises.

    Looks in a thread of its own, because a dead mount would hold this one.
    """
    found: list[Suggestion] = []
    within(LOOK_SECONDS + 1.0, lambda: _look(found), None)
    places = list(found)
    taken = [root.path for root in ModelRoot.objects.all()]
    real = real_paths([*taken, *(place.path for place in places)], LOOK_SECONDS)
    scanned = {real[path] for path in taken}
    new = (place for place in places if real[place.path] not in scanned)
    return sorted(new, key=lambda place: -place.n_files)


def add_found_roots() -> list[ModelRoot]:
    """Adds every suggestion that may become a root."""
    added = []
    for place in suggestions():
        try:
            added.append(roots.add_root(place.path, place.kind, source=RootSource.FOUND))
        except roots.RootError:
            continue
    return added


def _look(found: list[Suggestion]) -> None:
    deadline = time.monotonic() + LOOK_SECONDS
    for path, kind in dict(_places()).items():
        try:
            n_files = _count_ollama(path) if kind == RootKind.OLLAMA else _count(path, deadline)
        except OSError:
            continue
        if n_files:
            found.append(Suggestion(path, kind, n_files))


def _places() -> Iterator[tuple[str, str]]:
    """Each program's own rules: its variable first, then its defaults."""
    home = Path.home()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    hub = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    hf_home = os.environ.get("HF_HOME")
    yield _at(hub or Path(hf_home or cache / "huggingface") / "hub"), RootKind.HUGGING_FACE
    yield _at(os.environ.get("LLAMA_CACHE") or cache / "llama.cpp"), RootKind.LLAMA_CPP
    yield _at(home / ".lmstudio" / "models"), RootKind.LM_STUDIO
    yield _at(cache / "lm-studio" / "models"), RootKind.LM_STUDIO
    if ollama := os.environ.get("OLLAMA_MODELS"):
        yield _at(ollama), RootKind.OLLAMA
    yield _at(home / ".ollama" / "models"), RootKind.OLLAMA
    yield "/usr/share/ollama/.ollama/models", RootKind.OLLAMA


def _at(path: str | Path) -> str:
    return roots.normal(path)


def _count(top: str, deadline: float) -> int:
    """Model files below a folder; it stops counting at a deadline, a depth and a number."""
    n_files, left = 0, LOOK_ENTRIES
    folders = [(top, 0)]
    while folders and time.monotonic() < deadline:
        path, depth = folders.pop()
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    left -= 1
                    if left < 0:
                        return n_files
                    if entry.name.startswith("."):
                        continue
                    n_files += entry.name[-5:].lower() == EXTENSION
                    if depth < LOOK_DEPTH and entry.is_dir(follow_symlinks=False):
                        folders.append((entry.path, depth + 1))
        except OSError:
            if path == top:
                raise
    return n_files


def _count_ollama(path: str) -> int:
    store = OllamaStore(path)
    for _ in store.walk():
        pass
    return len(store.found)
