from __future__ import annotations

from pathlib import Path

import pytest

from models_app.models import LlamaModel, ModelAlias, ModelFile, RegistryVersion
from tests.fakes.gguf_models import llama_like
from tests.scans import file_at, last_run, model_at, root_at, scan_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = llama_like(tmp_path / "a.gguf")
    scan_of(tmp_path)
    return path


def favour(path: Path) -> LlamaModel:
    """What a user gave a model, and what must stay with it."""
    model = model_at(path)
    LlamaModel.objects.filter(pk=model.pk).update(favourite=True, notes="mine", use_count=2)
    ModelAlias.objects.create(name="best", llama_model=model)
    return model


def test_a_vanished_model_is_missing_and_not_deleted(path: Path) -> None:
    seen = root_at(path.parent).scanned_at
    path.unlink()
    report = scan_of(path.parent)
    model, file = model_at(path), file_at(path)
    assert (model.state, file.state, report.missing, report.models) == ("missing", "missing", 1, 0)
    assert model.missing_since is not None and model.missing_since == file.missing_since
    assert model.last_seen_at == seen
    assert model.architecture == "llama"


def test_what_is_missing_already_is_not_written_again(path: Path) -> None:
    path.unlink()
    scan_of(path.parent)
    since, version = model_at(path).missing_since, RegistryVersion.current()
    report = scan_of(path.parent)
    assert (model_at(path).missing_since, RegistryVersion.current()) == (since, version)
    assert report.missing == 1


def test_a_model_that_returns_is_present_again(path: Path) -> None:
    before = favour(path)
    content = path.read_bytes()
    path.unlink()
    scan_of(path.parent)
    path.write_bytes(content)
    report = scan_of(path.parent)
    model = model_at(path)
    assert (model.pk, model.state, model.missing_since) == (before.pk, "ok", None)
    assert (report.updated, report.added, file_at(path).missing_since) == (1, 0, None)


def test_a_renamed_model_keeps_its_identity(path: Path) -> None:
    before = favour(path)
    new = path.rename(path.with_name("b.gguf"))
    report = scan_of(path.parent)
    model = LlamaModel.objects.get()
    assert (model.pk, model.path, model.state) == (before.pk, str(new), "ok")
    assert (model.favourite, model.notes, model.use_count) == (True, "mine", 2)
    assert [alias.name for alias in model.aliases.all()] == ["best"]
    assert [file.path for file in ModelFile.objects.all()] == [str(new)]
    assert (report.added, report.updated, report.missing) == (0, 1, 0)
    assert str(new).lower() in model.search_text


def test_a_renamed_model_that_has_a_copy_keeps_its_identity(path: Path) -> None:
    copy = path.with_name("copy.gguf")
    copy.write_bytes(path.read_bytes())
    scan_of(path.parent)
    before = favour(path)
    new = path.rename(path.with_name("b.gguf"))
    scan_of(path.parent)
    assert (model_at(new).pk, model_at(new).notes) == (before.pk, "mine")
    assert (model_at(copy).notes, model_at(copy).copies) == ("", 2)


def test_a_model_moved_to_another_root_is_followed(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    path = llama_like(one / "a.gguf")
    scan_of(one, two)
    before = favour(path)
    path.rename(two / "a.gguf")
    scan_of(one, two)
    model = LlamaModel.objects.get()
    assert (model.pk, model.root, model.favourite) == (before.pk, root_at(two), True)


def test_a_moved_model_is_not_read_again_afterwards(path: Path) -> None:
    path.rename(path.with_name("b.gguf"))
    scan_of(path.parent)
    scan_of(path.parent)
    assert last_run().n_read == 0


def test_two_possible_places_are_no_move(path: Path) -> None:
    favour(path)
    content = path.read_bytes()
    path.unlink()
    for name in ("b.gguf", "c.gguf"):
        path.with_name(name).write_bytes(content)
    scan_of(path.parent)
    assert model_at(path).state == "missing"
    assert not LlamaModel.objects.exclude(path=path).filter(favourite=True).exists()


def test_a_copy_that_was_there_before_is_no_move(path: Path) -> None:
    copy = path.with_name("b.gguf")
    copy.write_bytes(path.read_bytes())
    scan_of(path.parent)
    favour(path)
    path.unlink()
    scan_of(path.parent)
    assert (model_at(path).state, model_at(copy).favourite) == ("missing", False)


def test_a_place_that_somebody_uses_already_is_no_move(path: Path) -> None:
    favour(path)
    content = path.read_bytes()
    path.unlink()
    scan_of(path.parent)
    other = path.with_name("b.gguf")
    other.write_bytes(content)
    # Found while the other one is gone, but marked by hand before the next look.
    model = model_at(path)
    LlamaModel.objects.filter(pk=model.pk).update(content_key="")
    scan_of(path.parent)
    LlamaModel.objects.filter(path=other).update(notes="new notes")
    LlamaModel.objects.filter(pk=model.pk).update(content_key=model.content_key)
    llama_like(path.with_name("c.gguf"), name="C")
    scan_of(path.parent)
    assert (model_at(path).state, model_at(other).notes) == ("missing", "new notes")


def test_a_root_that_is_not_there_any_more_has_only_missing_models(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    path = llama_like(folder / "a.gguf")
    scan_of(folder)
    folder.rename(tmp_path / "elsewhere")
    report = scan_of(folder)
    assert (model_at(path).state, report.missing, report.state) == ("missing", 1, "done")
    assert root_at(folder).problem == "cannot be opened: No such file or directory"
    (tmp_path / "elsewhere").rename(folder)
    scan_of(folder)
    assert (model_at(path).state, root_at(folder).problem) == ("ok", "")
