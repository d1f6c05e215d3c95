from __future__ import annotations

import logging
import stat
import sys
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_app.core.memory import Options
from models_app.memory.fit_params import PROGRAM, Projection, parse_projection, project

# A busy machine is no failure.
relaxed = settings(deadline=None, max_examples=80)


def ask(
    folder: Path, *lines: str, options: Options | None = None, timeout_seconds: float = 20
) -> Projection | None:
    path = folder / PROGRAM
    path.write_text("\n".join([f"#!{sys.executable}", "import os, subprocess, sys, time", *lines]))
    path.chmod(stat.S_IRWXU)
    model = folder / "mo\ndel.gguf"
    return project(path, model, options or Options(), timeout_seconds=timeout_seconds)


@pytest.fixture
def reasons(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "models_app.memory.fit_params")
    return caplog


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("sys.exit(1)", "exit code 1"),
        ("os.kill(os.getpid(), 9)", "exit code -9"),
        ("print('-c 4096 -ngl 33')", "no line for the host"),
        ("print('CUDA0 1 2 3')", "no line for the host"),
        ("print('Host 1 2')", "no line for the host"),
        ("print('Host -1 2 3')", "no line for the host"),
        ("print('Host 1.5 2 3')", "no line for the host"),
        ("print('Host 99999999999 2 3')", "no line for the host"),
        ("pass", "no line for the host"),
        ("sys.stdout.buffer.write(bytes(range(256)) * 8)", "no line for the host"),
        ("print('x' * 3_000_000)", "more than a projection"),
    ],
)
def test_an_answer_that_is_none_is_none_with_its_reason(
    tmp_path: Path, reasons: pytest.LogCaptureFixture, line: str, reason: str
) -> None:
    assert ask(tmp_path, line) is None
    assert reason in reasons.text
    assert "mo\ndel" not in reasons.text


def test_a_program_that_is_not_there_is_none(
    tmp_path: Path, reasons: pytest.LogCaptureFixture
) -> None:
    assert project(tmp_path / PROGRAM, tmp_path / "m.gguf", Options()) is None
    assert "cannot be started" in reasons.text


def test_a_file_that_is_no_program_is_none(tmp_path: Path) -> None:
    path = tmp_path / PROGRAM
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(stat.S_IRWXU)
    assert project(path, tmp_path / "m.gguf", Options()) is None


def test_one_cache_for_several_requests_cannot_be_asked(tmp_path: Path) -> None:
    options = Options(parallel=2, unified=True)
    assert ask(tmp_path, "print('Host 1 2 3')", options=options) is None
    assert ask(tmp_path, "print('Host 1 2 3')", options=Options(unified=True)) is not None


@pytest.mark.parametrize("closes", ["", "sys.stdout.flush(); os.close(1)"])
def test_a_program_that_hangs_is_ended_with_its_children(
    tmp_path: Path, reasons: pytest.LogCaptureFixture, closes: str
) -> None:
    started = tmp_path / "started"
    found = ask(
        tmp_path,
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])",
        f"open({str(started)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')",
        closes,
        "time.sleep(600)",
        timeout_seconds=4,
    )
    assert found is None
    assert "in time" in reasons.text
    for pid in map(int, started.read_text().split()):
        wait_until_gone(pid)


def wait_until_gone(pid: int) -> None:
    """Killed, and at most still a zombie that its new parent has not fetched yet."""
    try:
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
    except psutil.NoSuchProcess:
        return


@relaxed
@given(st.text(st.characters(), max_size=200))
def test_no_output_gives_anything_but_a_projection_or_a_reason(text: str) -> None:
    try:
        assert parse_projection(f"{text}\nHost 1 2 3").host.total_bytes >= 0
        parse_projection(text)
    except Exception as error:
        assert "no line for the host" in str(error)
