"""Which program runs models: found, asked, remembered, and said when there is none."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.conf import LazySettings
from django.utils import timezone

from engine_app import discovery, probing
from engine_app.discovery import NoEngine, add_program, choose, discover
from engine_app.models import BinaryKind, EngineBinary
from tests.fakes.serving import wait_until
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
        ("echo version: 1; exit 9", "It ends with exit code 9; its last line: version: 1."),
        ("exit 9", "It ends with exit code 9 and says nothing."),
        ("echo version: 1; sleep 0; kill -9 $$", "It was killed by SIGKILL"),
        ("kill -4 $$", "Use a llama-server that was built for this CPU."),
        (
            "echo 'x: error while loading shared libraries: libgomp.so.1: cannot open shared "
            "object file'; exit 127",
            "libgomp1",
        ),
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


def test_no_log_is_named_where_there_is_none(nothing_else_here: Path) -> None:
    for words in ("exit 9", "kill -6 $$", "kill -9 $$"):
        script(nothing_else_here / "llama-server", words)
        (found,) = discover(force=True)
        assert found.problem and "log" not in found.problem and "context" not in found.problem


def test_one_that_hangs_when_it_is_asked_for_its_options_is_said_to(
    nothing_else_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "ANSWER_SECONDS", 2.0)
    hangs = 'case "$1" in --version) echo "version: 1 (abc)";; *) exec /bin/sleep 600;; esac'
    script(nothing_else_here / "llama-server", hangs)
    (found,) = discover()
    assert found.problem == "Asked for its options with --help: It did not answer within 2 seconds."
    assert found.version == "1"


def test_what_it_says_is_stored_without_what_steers_a_terminal(nothing_else_here: Path) -> None:
    says = r"printf '\033[31mversion: 1\0002\033[0m (abc)\n  --model X\007\000\n'"
    script(nothing_else_here / "llama-server", says)
    (found,) = discover()
    assert (found.problem, found.version) == ("", "1\ufffd2")
    assert "--model X\ufffd\ufffd" in found.help_text
    script(nothing_else_here / "llama-server", r"printf '\033[31mno\000\033[0mpe\n'; exit 3")
    (found,) = discover(force=True)
    assert found.problem == "It ends with exit code 3; its last line: no\ufffdpe."


def test_nothing_of_what_it_started_when_it_was_asked_is_left(
    nothing_else_here: Path, tmp_path: Path
) -> None:
    said = tmp_path / "pids"
    forks = (
        f"/bin/sleep 600 & echo $! >> {said}\n"
        f"/usr/bin/setsid /bin/sh -c 'echo $$ >> {said}; exec /bin/sleep 600' &\n"
        f'while [ "$(/usr/bin/wc -l < {said})" -lt 2 ]; do /bin/sleep 0.01; done\n'
        'case "$1" in --version) echo "version: 1 (abc)";; *) echo "-m, --model F";; esac'
    )
    script(nothing_else_here / "llama-server", forks)
    (found,) = discover()
    assert found.problem == ""
    started = [int(pid) for pid in said.read_text().split()]
    assert len(started) >= 2
    wait_until(lambda: not any(map(psutil.pid_exists, started)), "all of them to be gone")


@pytest.mark.parametrize("words", ["", "   "])
def test_a_configured_program_of_blanks_is_none(
    settings: LazySettings, nothing_else_here: Path, words: str
) -> None:
    settings.LLAMA_SERVER_BIN = words
    speaking(nothing_else_here / "llama-server")
    (found,) = discover()
    assert (found.kind, choose()) == ("path", found)


def test_a_program_that_a_preset_names_and_that_is_gone_is_told_from_none_at_all(
    nothing_else_here: Path,
) -> None:
    speaking(nothing_else_here / "llama-server")
    discover()
    with pytest.raises(NoEngine, match="names is not there any more: choose another"):
        choose("0" * 32)
    EngineBinary.objects.update(enabled=False)
    with pytest.raises(NoEngine, match="names is switched off"):
        choose(EngineBinary.objects.get().key)


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
