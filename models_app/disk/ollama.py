"""Ollama's store: manifests name the blobs that make up a model.

    manifests/<registry>/<namespace>/<model>/<tag>     JSON, a few hundred bytes
    blobs/sha256-<64 hex digits>

Manifests are taken for hostile: their size, number and depth are bounded, and a digest becomes a
path only after it matched exactly (path traversal by digest was CVE-2024-37032).
"""

# Paths stay texts here: a Path for every entry would cost more than listing the folders.
# ruff: noqa: PTH116, PTH118
from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, cast

from models_app.core.cleaning import clean_line
from models_app.disk.found import FoundFile, Note, StoreEntry, is_storable, shown, stamp_of

MAX_MANIFEST_BYTES: Final = 256 << 10  # real ones have about one kilobyte
MAX_MANIFESTS: Final = 10_000
MAX_LAYERS: Final = 64
_MANIFEST_DEPTH: Final = 4  # registry / namespace / model / tag
_LICENCE_BYTES: Final = 4096
_DIGEST: Final = re.compile(r"sha256[:-]([0-9a-f]{64})", re.ASCII)
_MEDIA: Final = "application/vnd.ollama.image."
_DEFAULT_REGISTRY: Final = "registry.ollama.ai"
_DEFAULT_NAMESPACE: Final = "library"
_OPEN: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW

# Layer kinds that are GGUF files.
_MODEL, _PROJECTOR, _ADAPTER, _LICENCE = "model", "projector", "adapter", "license"


@dataclass(slots=True)
class _Blob:
    names: list[str] = field(default_factory=list)
    licence: str | None = None
    projector: str | None = None


class OllamaStore:
    """One look at a store. `found` and the rest are filled by `walk`, which raises no OSError."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.found: list[FoundFile] = []
        self.notes: list[Note] = []
        self.unlisted: list[str] = []
        self.unusable: dict[str, str] = {}  # path of a blob -> why
        # Blobs that no manifest names, while some manifest cannot be understood: Ollama may be
        # writing it at this moment.
        self.unsure: set[str] = set()
        self.problem = ""  # of the manifests folder
        self.finished = False
        self._is_sure = True
        self._blobs: dict[str, _Blob] = {}

    def walk(self) -> Iterator[str]:
        """Yields what it is at, as a sign of life."""
        for path, name in self._manifests():
            yield path
            self._add_manifest(path, name)
        for digest, blob in sorted(self._blobs.items()):
            path = self._blob_path(digest)
            yield path
            self._add_blob(path, digest, blob)
        if not self._is_sure:
            self._find_unsure()

    # -- manifests
    def _manifests(self) -> Iterator[tuple[str, str]]:
        top = os.path.join(self.root, "manifests")
        try:
            os.stat(top)
        except OSError as error:
            self.finished = True
            if error.errno != errno.ENOENT:
                self.problem = f"the manifests cannot be read: {_words(error)}"
                self._hide(top, error)
            return
        left = MAX_MANIFESTS
        folders: list[tuple[str, tuple[str, ...]]] = [(top, ())]
        while folders:
            folder, parts = folders.pop()
            for entry in self._listed(folder):
                here = (*parts, entry.name)
                if len(here) < _MANIFEST_DEPTH and entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, here))
                elif len(here) == _MANIFEST_DEPTH and entry.is_file(follow_symlinks=False):
                    left -= 1
                    if left < 0:
                        self.notes.append(Note(shown(top), "manifest", "too many manifests"))
                        return
                    yield entry.path, _model_name(here)
        self.finished = True

    def _listed(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(
                    (each for each in entries if not each.name.startswith(".")),
                    key=lambda each: each.name,
                )
        except OSError as error:
            self._hide(folder, error)
            return []

    def _hide(self, folder: str, error: OSError) -> None:
        """Models of a manifest that cannot be seen are in the one folder of all blobs."""
        self.unlisted.append(os.path.join(self.root, "blobs"))
        self.notes.append(Note(shown(folder), "folder", f"cannot be listed: {_words(error)}"))

    def _add_manifest(self, path: str, name: str) -> None:
        try:
            layers = _layers(_read(path, MAX_MANIFEST_BYTES))
        except (OSError, ValueError, RecursionError) as error:
            self._is_sure = False
            self.notes.append(Note(shown(path), "manifest", _unlike_a_manifest(error)))
            return
        models = [digest for kind, digest in layers if kind == _MODEL]
        projectors = [digest for kind, digest in layers if kind == _PROJECTOR]
        licence = self._licence([digest for kind, digest in layers if kind == _LICENCE])
        for kind, digest in layers:
            if kind in (_MODEL, _PROJECTOR, _ADAPTER):
                blob = self._blobs.setdefault(digest, _Blob())
                blob.names.append(name if kind == _MODEL else f"{name} ({kind})")
                blob.licence = blob.licence or licence
        if len(models) == 1 and len(projectors) == 1:
            self._blobs[models[0]].projector = self._blob_path(projectors[0])

    def _licence(self, digests: list[str]) -> str | None:
        """The first line of the licence's text, which names it."""
        if not digests:
            return None
        try:
            text = _read(self._blob_path(digests[0]), None, _LICENCE_BYTES)
        except (OSError, ValueError):
            return None
        lines = (clean_line(line, 120) for line in text.decode("utf-8", "replace").splitlines())
        return next((line for line in lines if line), None)

    # -- blobs
    def _find_unsure(self) -> None:
        known = {self._blob_path(digest) for digest in self._blobs}
        blobs = os.path.join(self.root, "blobs")
        self.unsure = {entry.path for entry in self._listed(blobs)} - known

    def _blob_path(self, digest: str) -> str:
        return os.path.join(self.root, "blobs", f"sha256-{digest}")

    def _add_blob(self, path: str, digest: str, blob: _Blob) -> None:
        try:
            status = os.lstat(path)
        except OSError as error:
            if error.errno != errno.ENOENT:
                self.unusable[path] = _words(error)
            message = f"is named by {blob.names[0]} but {_words(error)}"
            self.notes.append(Note(shown(path), "manifest", message))
            return
        if not stat.S_ISREG(status.st_mode):
            self.notes.append(Note(shown(path), "not_regular", "is not a regular file"))
            return
        if not is_storable(path):
            self.notes.append(Note(shown(path), "name", "is not UTF-8 text"))
            return
        first, *others = sorted(blob.names)
        entry = StoreEntry(first, tuple(others[:16]), None, None, blob.licence, blob.projector)
        self.found.append(FoundFile(path, path, *stamp_of(status), sha256=digest, store=entry))


def _model_name(parts: tuple[str, ...]) -> str:
    """As `ollama list` shows it: defaults are left out."""
    registry, namespace, model, tag = (clean_line(part, 120) or "?" for part in parts)
    name = f"{model}:{tag}"
    if namespace != _DEFAULT_NAMESPACE or registry != _DEFAULT_REGISTRY:
        name = f"{namespace}/{name}"
    return name if registry == _DEFAULT_REGISTRY else f"{registry}/{name}"


def _layers(content: bytes) -> list[tuple[str, str]]:
    """(kind, digest) of the layers. Raises ValueError, RecursionError for what is none."""
    manifest = json.loads(content)
    layers = manifest.get("layers") if isinstance(manifest, dict) else None
    if not isinstance(layers, list) or len(layers) > MAX_LAYERS:
        raise ValueError("it has no list of layers")
    return [_layer(layer) for layer in layers]


def _layer(layer: object) -> tuple[str, str]:
    if not isinstance(layer, dict):
        raise ValueError("a layer is not an object")
    media = cast("dict[str, object]", layer).get("mediaType")
    digest = cast("dict[str, object]", layer).get("digest")
    match = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if match is None or not isinstance(media, str):
        raise ValueError("a layer has no valid digest")
    return media.removeprefix(_MEDIA), match[1]


def _read(path: str, most: int | None, at_most: int = 0) -> bytes:
    """The whole file, which must not be larger than `most`; or its first `at_most` bytes."""
    fd = os.open(path, _OPEN)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a regular file")
        if most is not None and status.st_size > most:
            raise ValueError("it is too large")
        return os.read(fd, at_most if most is None else most)
    finally:
        os.close(fd)


def _unlike_a_manifest(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {_words(error)}"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        return "is not valid JSON"
    return f"is no manifest: {error}"


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__
