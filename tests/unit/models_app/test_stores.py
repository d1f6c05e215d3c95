from __future__ import annotations

from pathlib import Path

import pytest

from models_app.disk.stores import (
    blob_digest,
    detect_kind,
    entry_of,
    is_own_blob,
    main_revision,
)

REVISION = "c" * 40


@pytest.mark.parametrize(
    ("entries", "kind"),
    [
        (["manifests", "blobs"], "ollama"),
        (["manifests"], "folder"),
        (["models--acme--tiny", "version.txt"], "huggingface"),
        (["models--acme"], "folder"),
        (["manifest=acme=tiny=latest.json", "acme_tiny.gguf"], "llamacpp"),
        ([], "folder"),
    ],
)
def test_a_folders_kind_is_seen_by_its_entries(
    tmp_path: Path, entries: list[str], kind: str
) -> None:
    for name in entries:
        (tmp_path / name).mkdir()
    assert detect_kind(str(tmp_path)) == kind


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (".lmstudio/models", "lmstudio"),
        (".cache/lm-studio/models", "lmstudio"),
        (".cache/llama.cpp", "llamacpp"),
        ("models", "folder"),
    ],
)
def test_or_by_its_place(tmp_path: Path, place: str, kind: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    assert detect_kind(str(tmp_path / place)) == kind


def test_a_folder_that_is_not_there_is_only_a_folder(tmp_path: Path) -> None:
    assert detect_kind(str(tmp_path / "no")) == "folder"


def test_a_snapshot_names_repository_and_revision() -> None:
    path = f"/hub/models--acme--Tiny-GGUF/snapshots/{REVISION}/sub/a.gguf"
    entry = entry_of("folder", "/hub", path)
    assert entry is not None
    assert (entry.repository, entry.revision) == ("acme/Tiny-GGUF", REVISION)


@pytest.mark.parametrize(
    "path",
    [
        "/hub/models--acme--x/a.gguf",
        "/hub/models--a\nb--x/snapshots/1/a.gguf",
        "/hub/models--../snapshots/1/a.gguf",
        "/snapshots/1/a.gguf",
        "/hub/models--acme--x/snapshots/a.gguf",
    ],
)
def test_what_only_resembles_a_snapshot_names_nothing(path: str) -> None:
    assert entry_of("huggingface", "/hub", path) is None


def test_a_blob_is_its_digest_only_when_it_is_one() -> None:
    digest = "0123456789abcdef" * 4
    assert blob_digest(f"/hub/blobs/{digest}") == digest
    assert blob_digest(f"/hub/blobs/{digest[:-1]}") == ""
    assert blob_digest(f"/hub/blobs/{'G' * 64}") == ""
    assert blob_digest(f"/hub/{digest}") == ""


def test_only_the_repositorys_own_blobs_belong_to_a_snapshot(tmp_path: Path) -> None:
    repository = tmp_path / "models--acme--x"
    path = str(repository / "snapshots" / REVISION / "a.gguf")
    assert is_own_blob(path, str(repository / "blobs" / "1"))
    assert not is_own_blob(path, str(repository / "blobs" / "deep" / "1"))
    assert not is_own_blob(path, str(tmp_path / "models--acme--y" / "blobs" / "1"))
    assert not is_own_blob(str(tmp_path / "a.gguf"), str(repository / "blobs" / "1"))


@pytest.mark.parametrize(
    ("content", "revision"),
    [
        (REVISION, REVISION),
        (f"{REVISION}\n", REVISION),
        ("", None),
        ("../../etc", None),
        (REVISION * 9, None),
        ("\xff", None),
    ],
)
def test_main_is_a_revision_or_nothing(tmp_path: Path, content: str, revision: str | None) -> None:
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs" / "main").write_bytes(content.encode("latin-1"))
    assert main_revision(str(tmp_path)) == revision


def test_a_repository_without_main_has_none(tmp_path: Path) -> None:
    assert main_revision(str(tmp_path)) is None
