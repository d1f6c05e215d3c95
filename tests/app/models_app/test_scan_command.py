from __future__ import annotations

import json
import signal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from models_app.models import ModelRoot, ScanRun, ScanState
from models_app.scan import scan_locks
from tests.fakes.gguf_models import llama_like
from tests.scans import at_rest, last_run, root_at

pytestmark = pytest.mark.django_db
KEYS = [
    "roots", "files", "models", "added", "updated", "unchanged", "missing", "invalid",
    "incomplete", "duration_seconds",
]  # fmt: skip


def output(*arguments: Any, **options: Any) -> str:
    out = StringIO()
    call_command("scan_models", *map(str, arguments), stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    llama_like(tmp_path / "a.gguf")
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    return at_rest(tmp_path)


def test_json_is_one_object_with_the_promised_keys(folder: Path) -> None:
    answer = json.loads(output(folder, "--json"))
    assert list(answer) == KEYS
    assert [answer[key] for key in KEYS[:-1]] == [1, 2, 2, 2, 0, 0, 0, 1, 0]
    assert answer["duration_seconds"] >= 0


def test_people_get_a_sentence(folder: Path) -> None:
    assert output(folder).startswith("2 models in 2 files, 2 added, 1 invalid; ")


def test_errors_of_files_go_to_stderr(folder: Path) -> None:
    err = StringIO()
    call_command("scan_models", str(folder), stdout=StringIO(), stderr=err)
    assert err.getvalue().startswith(f"{folder / 'broken.gguf'}: ")


def test_a_folder_becomes_a_root_and_is_scanned_from_then_on(folder: Path) -> None:
    output(folder)
    root = ModelRoot.objects.get()
    assert (root.path, root.source, root.kind) == (str(folder), "user", "folder")
    answer = json.loads(output("--json"))
    assert (answer["roots"], answer["unchanged"]) == (1, 2)


def test_a_relative_folder_is_the_same_root(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    output(folder.name)
    output(f"./{folder.name}/")
    assert ModelRoot.objects.get().path == str(folder)


def test_a_bad_folder_is_said_before_anything_is_scanned(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    with pytest.raises(CommandError) as caught:
        output(folder, tmp_path / "nowhere", file)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "nowhere does not exist" in lines[0] and "is not a folder" in lines[1]
    assert not ModelRoot.objects.exists() and not ScanRun.objects.exists()


def test_of_two_folders_one_inside_the_other_is_refused(folder: Path) -> None:
    (folder / "deep").mkdir()
    with pytest.raises(CommandError, match=r"^[^\n]*deep lies inside [^\n]*$"):
        output(folder, folder / "deep")
    assert not ModelRoot.objects.exists()


def test_a_folder_inside_a_root_is_refused(folder: Path) -> None:
    output(folder)
    (folder / "deep").mkdir()
    with pytest.raises(CommandError, match=f"lies inside {folder}, which is scanned already"):
        output(folder / "deep")
    assert ScanRun.objects.count() == 1


def test_a_root_that_was_switched_off_is_switched_on_by_scanning_it(folder: Path) -> None:
    root_at(folder, enabled=False)
    output(folder)
    assert ModelRoot.objects.get().enabled


def test_without_any_folder_it_says_how_to_give_one() -> None:
    with pytest.raises(CommandError, match="scan_models /path/to/models"):
        output("--json")


def test_folders_of_the_environment_are_scanned(folder: Path, settings: Any) -> None:
    settings.MODELS_DIRS = [folder]
    assert json.loads(output("--json"))["added"] == 2
    assert ModelRoot.objects.get().source == "environment"


@pytest.mark.parametrize("path", ["", "  "])
def test_an_empty_folder_argument_is_refused(path: str) -> None:
    with pytest.raises(CommandError, match=r"^Give the path of a folder\.$"):
        output(path)
    assert not ModelRoot.objects.exists()


def test_a_hostile_file_name_steers_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m\nb.gguf").write_bytes(b"GGUF")
    err = StringIO()
    call_command("scan_models", str(at_rest(tmp_path)), stdout=StringIO(), stderr=err)
    assert "\x1b" not in err.getvalue() and len(err.getvalue().splitlines()) == 1
    with pytest.raises(CommandError) as caught:
        output(tmp_path / "no\x1b[31m")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_scan_and_keeps_what_was_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def signalled(*_: object) -> list[ModelRoot]:
        signal.raise_signal(number)
        return [root_at(folder)]

    before = signal.getsignal(number)
    monkeypatch.setattr("models_app.roots.for_scan", signalled)
    with pytest.raises(CommandError, match="what was read is kept"):
        output(folder)
    assert last_run().state == ScanState.CANCELLED
    assert signal.getsignal(number) == before


def test_a_cancelled_scan_counts_what_it_compared(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output(folder)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("models_app.scanning.RootScan", interrupted)
    with pytest.raises(CommandError):
        output(folder)
    assert (last_run().n_models, last_run().n_unchanged) == (2, 0)


def test_a_busy_root_is_said_in_one_line(folder: Path) -> None:
    with (
        scan_locks.hold([root_at(folder)]),
        pytest.raises(CommandError, match=r"^[^\n]*already being scanned by process \d+[^\n]*$"),
    ):
        output(folder)


@pytest.mark.parametrize("workers", ["0", "33", "x", "-1"])
def test_a_wrong_number_of_workers_is_wrong_usage(folder: Path, workers: str) -> None:
    with pytest.raises(CommandError, match="give a number from 1 to 32"):
        output(folder, f"--workers={workers}")


def test_an_interrupt_keeps_what_was_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("models_app.scanning.pair_projectors", interrupted)
    with pytest.raises(CommandError, match="what was read is kept"):
        output(folder)
    assert (last_run().state, last_run().n_added) == (ScanState.CANCELLED, 2)


def test_force_reads_everything(folder: Path) -> None:
    output(folder)
    assert json.loads(output("--force", "--json"))["updated"] == 2
