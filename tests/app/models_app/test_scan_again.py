from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_app.models import LlamaModel, RegistryVersion
from models_app.options import MEMORY_CONTEXT
from tests.fakes.gguf_models import llama_like
from tests.scans import file_at, last_run, model_at, root_at, scan_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = llama_like(tmp_path / "a.gguf")
    scan_of(tmp_path)
    return path


def test_a_second_scan_reads_nothing(path: Path) -> None:
    report = scan_of(path.parent)
    assert (report.added, report.updated, report.unchanged) == (0, 0, 1)
    assert (last_run().n_to_read, last_run().n_read) == (0, 0)


def test_a_second_scan_writes_no_model_and_raises_no_version(path: Path) -> None:
    version = RegistryVersion.current()
    with CaptureQueriesContext(connection) as queries:
        scan_of(path.parent)
    writes = [each["sql"] for each in queries if not each["sql"].startswith("SELECT")]
    assert not [sql for sql in writes if '"models_app_llamamodel"' in sql]
    assert RegistryVersion.current() == version


def test_a_second_scan_says_when_the_file_was_seen(path: Path) -> None:
    before = file_at(path).last_seen_at
    scan_of(path.parent)
    assert file_at(path).last_seen_at > before
    assert root_at(path.parent).scanned_at == file_at(path).last_seen_at


def test_a_changed_file_is_read_again(path: Path) -> None:
    llama_like(path, name="Another", layers=3)
    report = scan_of(path.parent)
    assert (report.added, report.updated, last_run().n_read) == (0, 1, 1)
    assert model_at(path).name == "Another"


def test_a_time_set_back_does_not_hide_a_change(path: Path) -> None:
    before = path.stat()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"Tiny Llama", b"Tidy Llama"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    scan_of(path.parent)
    assert model_at(path).name == "Tidy Llama"


def test_force_reads_what_has_not_changed(path: Path) -> None:
    report = scan_of(path.parent, force=True)
    assert (report.updated, last_run().n_read) == (1, 1)


def test_what_people_gave_a_model_survives_its_change(path: Path) -> None:
    user = {"favourite": True, "hidden": True, "notes": "good", "tags": ["mine"], "use_count": 3}
    LlamaModel.objects.update(**user)
    first_seen = model_at(path).first_seen_at
    llama_like(path, layers=3)
    scan_of(path.parent)
    model = model_at(path)
    assert {name: getattr(model, name) for name in user} == user
    assert model.first_seen_at == first_seen
    assert LlamaModel.objects.matching("mine").exists()


def test_a_model_keeps_its_identity(path: Path) -> None:
    before = model_at(path).pk, file_at(path).pk
    llama_like(path, layers=3)
    scan_of(path.parent)
    assert (model_at(path).pk, file_at(path).pk) == before


def test_only_new_files_are_read(path: Path) -> None:
    llama_like(path.with_name("b.gguf"), name="B")
    report = scan_of(path.parent)
    assert (report.added, report.unchanged, last_run().n_read) == (1, 1, 1)


def test_a_new_context_for_estimates_needs_no_reading(path: Path) -> None:
    MEMORY_CONTEXT.set(1024)
    version = RegistryVersion.current()
    scan_of(path.parent)
    model = model_at(path)
    assert (model.memory_context, last_run().n_read) == (1024, 0)
    assert model.cache_bytes == 2 * 1024 * 2 * 128 * 2  # layers, cells, K and V, width, f16
    assert RegistryVersion.current() != version
