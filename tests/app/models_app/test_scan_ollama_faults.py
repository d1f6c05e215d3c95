"""What cannot be seen in Ollama's store is not taken for gone."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from models_app.models import LlamaModel
from models_app.scanning import scan
from tests.fakes.ollama_store import OllamaFolder
from tests.scans import root_at, scan_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(tmp_path: Path) -> OllamaFolder:
    folder = OllamaFolder(tmp_path / "models")
    folder.manifest("registry.ollama.ai/library/tiny/1b", model=folder.model())
    scan_of(folder.top)
    return folder


def failing(monkeypatch: pytest.MonkeyPatch, name: str, end: str) -> None:
    real = getattr(os, name)

    def ask(path: Any, *rest: Any, **more: Any) -> Any:
        if str(path).endswith(end):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, name, ask)


def test_without_its_manifests_folder_a_store_is_unreadable(
    store: OllamaFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = root_at(store.top)
    failing(monkeypatch, "stat", "/manifests")
    report = scan([root])
    assert (report.missing, LlamaModel.objects.get().state) == (0, "unreadable")
    problem = root_at(store.top).problem
    assert problem == "the manifests cannot be read: Permission denied"


def test_a_blob_that_cannot_be_looked_at_is_unreadable(
    store: OllamaFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "lstat", Path(LlamaModel.objects.get().path).name)
    scan_of(store.top)
    model = LlamaModel.objects.get()
    assert model.state == "unreadable"
    assert model.reason == "The file cannot be looked at: Permission denied."


def test_a_half_written_manifest_leaves_its_model_as_it_is(store: OllamaFolder) -> None:
    manifest = store.top / "manifests" / "registry.ollama.ai" / "library" / "tiny" / "1b"
    manifest.write_text(manifest.read_text()[:40])
    report = scan_of(store.top)
    assert (report.missing, LlamaModel.objects.get().state) == (0, "ok")
    assert [error.message for error in report.errors] == ["is not valid JSON"]


def test_beside_a_broken_manifest_a_blob_that_is_gone_is_missing(store: OllamaFolder) -> None:
    manifest = store.top / "manifests" / "registry.ollama.ai" / "library" / "tiny" / "1b"
    manifest.write_text("{")
    Path(LlamaModel.objects.get().path).unlink()
    scan_of(store.top)
    assert LlamaModel.objects.get().state == "missing"


def test_a_model_that_no_manifest_names_any_more_is_missing(store: OllamaFolder) -> None:
    (store.top / "manifests" / "registry.ollama.ai" / "library" / "tiny" / "1b").unlink()
    scan_of(store.top)
    assert LlamaModel.objects.get().state == "missing"
