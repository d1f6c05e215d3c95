from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from models_app.disk import ollama
from models_app.disk.ollama import MAX_MANIFEST_BYTES, OllamaStore

DIGEST = "0123456789abcdef" * 4
MEDIA = "application/vnd.ollama.image."


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / f"sha256-{DIGEST}").write_bytes(b"GGUF")
    return tmp_path


def manifest(store: Path, content: bytes | dict[str, Any], tag: str = "1b") -> Path:
    path = store / "manifests" / "registry.ollama.ai" / "library" / "tiny" / tag
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def layer(digest: object = f"sha256:{DIGEST}", kind: object = f"{MEDIA}model") -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest}


def looked_at(store: Path) -> OllamaStore:
    found = OllamaStore(str(store))
    for _ in found.walk():
        pass
    return found


def test_a_manifest_leads_to_its_blob(store: Path) -> None:
    manifest(store, {"layers": [layer()]})
    (file,) = looked_at(store).found
    assert file.path == str(store / "blobs" / f"sha256-{DIGEST}")
    assert (file.sha256, file.store and file.store.name) == (DIGEST, "tiny:1b")


def test_the_older_form_of_a_digest_counts_too(store: Path) -> None:
    manifest(store, {"layers": [layer(f"sha256-{DIGEST}")]})
    assert len(looked_at(store).found) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"7",
        b'{"layers": 7}',
        b'{"layers": [7]}',
        b"[" * 100_000,
        b'{"layers":' * 100_000,
        {"layers": [layer()] * 65},
        {"layers": [layer("sha256:" + "../" * 22)]},
        {"layers": [layer(f"sha256:{DIGEST}/../x")]},
        {"layers": [layer(f"sha256:{DIGEST}\n")]},
        {"layers": [layer(f"sha256:{DIGEST.upper()}")]},
        {"layers": [layer(7)]},
        {"layers": [layer(kind=None)]},
        b" " * (MAX_MANIFEST_BYTES + 1),
    ],
)
def test_what_is_no_manifest_is_noted(store: Path, content: bytes | dict[str, Any]) -> None:
    path = manifest(store, content)
    found = looked_at(store)
    assert not found.found
    assert [(note.path, note.kind) for note in found.notes] == [(str(path), "manifest")]


def test_one_bad_manifest_does_not_hide_the_good(store: Path) -> None:
    manifest(store, b"nothing", "bad")
    manifest(store, {"layers": [layer()]}, "good")
    assert len(looked_at(store).found) == 1


def test_a_blob_that_is_not_there_is_noted_with_its_name(store: Path) -> None:
    manifest(store, {"layers": [layer(f"sha256:{'f' * 64}")]})
    (note,) = looked_at(store).notes
    assert "is named by tiny:1b but No such file" in note.message


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_a_blob_that_is_no_file_is_not_taken(store: Path, kind: str) -> None:
    blob = store / "blobs" / f"sha256-{'e' * 64}"
    if kind == "pipe":
        os.mkfifo(blob)
    elif kind == "link":
        blob.symlink_to("/etc/passwd")
    else:
        blob.mkdir()
    manifest(store, {"layers": [layer(f"sha256:{'e' * 64}")]})
    found = looked_at(store)
    assert not found.found and found.notes[0].kind == "not_regular"


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_a_manifest_that_is_no_file_is_not_read(store: Path, kind: str) -> None:
    path = manifest(store, b"")
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/etc/passwd")
    assert not looked_at(store).found


def test_manifests_are_bounded_in_number(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ollama, "MAX_MANIFESTS", 2)
    for tag in "abcd":
        manifest(store, {"layers": [layer()]}, tag)
    found = looked_at(store)
    assert found.notes[-1].message == "too many manifests"


def test_a_store_without_manifests_is_empty(tmp_path: Path) -> None:
    assert not looked_at(tmp_path).found
