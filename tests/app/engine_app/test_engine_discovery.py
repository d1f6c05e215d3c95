"""Which program runs models: found, asked, remembered, and said when there is none."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from engine_app import discovery
from engine_app.discovery import NoEngine, add_program, choose, discover
from engine_app.models import BinaryKind, EngineBinary
from tests.fakes.supervised import Orders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_else_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No embedded engine, and an empty PATH to put programs on."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return folder


def script(path: Path, words: str) -> Path:
    path.write_text(f"#!/bin/sh\n{words}\n")
    path.chmod(0o755)
    return path


def speaking(path: Path, version: str = "version: 0.5.0 (build 42, commit abc)") -> Path:
    return script(
        path, f'case "$1" in --version) echo "{version}";; *) echo "-m, --model F";; esac'
    )


def test_a_configured_command_is_asked_for_version_devices_and_flags(orders: Orders) -> None:
    (found,) = discover()
    assert (found.kind, found.problem) == (BinaryKind.CONFIGURED, "")
    assert (found.version, found.build, found.commit) == ("0.5.0-dev", "b7777", "0c1e570")
    assert found.devices == [
        {"name": "FAKE0", "description": "A device", "total_bytes": 1024 << 20}
    ]
    assert found.words[0] == sys.executable and found.words[-1] == str(orders.path)
    assert found.knows("--ctx-size") and found.knows("-c") and not found.knows("--no-ui")
    assert choose() == found


def test_the_configured_one_comes_before_the_path(orders: Orders, nothing_else_here: Path) -> None:
    speaking(nothing_else_here / "llama-server")
    first, second = discover()
    assert (first.kind, second.kind) == ("configured", "path")
    assert choose() == first
    assert choose(second.key) == second


def test_a_configured_one_that_does_not_work_is_not_replaced_by_another(
    settings: LazySettings, nothing_else_here: Path
) -> None:
    speaking(nothing_else_here / "llama-server")
    settings.LLAMA_SERVER_BIN = "/nowhere/llama-server --x"
    discover()
    with pytest.raises(NoEngine, match="LLAMA_SERVER_BIN names /nowhere/llama-server"):
        choose()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("exit 0", "does not say what version"),
        ("echo version: 1; exit 9", "ends with: version: 1"),
        (
            "echo 'x: error while loading shared libraries: libgomp.so.1: cannot open shared "
            "object file'; exit 127",
            "libgomp1",
        ),
        ("kill -9 $$", "ends with"),
    ],
)
def test_a_program_that_is_no_llama_server_is_shown_with_the_reason(
    nothing_else_here: Path, words: str, problem: str
) -> None:
    script(nothing_else_here / "llama-server", words)
    (found,) = discover()
    assert problem in found.problem
    with pytest.raises(NoEngine) as error:
        choose()
    assert found.problem in str(error.value)


def test_without_any_the_remedies_are_named() -> None:
    assert discover() == []
    with pytest.raises(NoEngine) as error:
        choose()
    for word in ("llamadash[engine]", "PATH", "LLAMA_SERVER_BIN"):
        assert word in str(error.value)


def test_it_is_asked_again_only_when_its_file_has_changed(nothing_else_here: Path) -> None:
    program = speaking(nothing_else_here / "llama-server")
    (first,) = discover()
    (second,) = discover()
    assert second.probed_at == first.probed_at
    speaking(program, "version: 0.6.0 (build 43, commit def)")
    os.utime(program, ns=(1, 1))
    (third,) = discover()
    assert (third.pk, third.build) == (first.pk, "b43")


def test_what_is_found_no_more_is_forgotten_and_what_was_added_stays(
    nothing_else_here: Path, tmp_path: Path
) -> None:
    program = speaking(nothing_else_here / "llama-server")
    added = add_program(str(speaking(tmp_path / "mine")))
    assert (added.kind, added.build, added.rank) == ("added", "b42", 1)
    program.unlink()
    assert discover() == [added]
    assert choose(added.key) == choose() == added


def test_what_is_no_program_is_not_added() -> None:
    with pytest.raises(ValueError, match="/nowhere/x is no program"):
        add_program("/nowhere/x --y")
    with pytest.raises(ValueError, match="no program"):
        add_program("")
    assert not EngineBinary.objects.exists()


def test_one_that_did_not_work_is_not_asked_with_every_start(nothing_else_here: Path) -> None:
    script(nothing_else_here / "llama-server", "exit 0")
    (first,) = discover()
    (second,) = discover()
    assert second.problem and second.probed_at == first.probed_at
    EngineBinary.objects.update(probed_at=timezone.now() - timedelta(minutes=2))
    (third,) = discover()
    assert third.probed_at != first.probed_at


def test_libraries_of_ours_are_handed_on_only_where_nothing_works_without(
    nothing_else_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/lib")
    needs = (
        'if [ -z "$LD_LIBRARY_PATH" ]; then '
        "echo 'libx.so.1: cannot open shared object file'; exit 127; fi; "
        'case "$1" in --version) echo "version: 1 (abc)";; *) echo "-m, --model F";; esac'
    )
    script(nothing_else_here / "llama-server", needs)
    (found,) = discover()
    assert (found.problem, found.needs_library_path) == ("", True)


def test_the_embedded_engine_is_the_last_choice(
    nothing_else_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaking(nothing_else_here / "llama-server")
    spec = importlib.machinery.ModuleSpec("xllamacpp", None, origin=__file__)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: spec if name == "xllamacpp" else None
    )
    kinds = [candidate.kind for candidate in discovery.candidates()]
    assert kinds == [BinaryKind.PATH, BinaryKind.EMBEDDED]
