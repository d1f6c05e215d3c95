"""Logs of real processes: floods, a reader that is killed, a server that is killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from logs_app import folders, history, memory
from logs_app.capture import open_output
from tests.fakes.migrated import migrated
from tests.fakes.serving import CHECKOUT, serving, wait_until
from tests.logs import Pumping, llama, print_as_child

ENGINE = "engine.7"
TASK = re.compile(r"\| task (\d+) \|")
GAP = re.compile(r"([\d,]+) lines \(")


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.DATA_DIR = tmp_path / "data"
    memory.forget()
    yield tmp_path / "data"
    memory.forget()


@contextmanager
def flooding(n_lines: int) -> Iterator[subprocess.Popen[bytes]]:
    """A child that prints into its log."""
    output = open_output(ENGINE)
    program = str(CHECKOUT / "tests/fakes/flooding.py")
    child = subprocess.Popen([sys.executable, program, str(n_lines)], stdout=output, stderr=output)
    os.close(output)
    try:
        yield child
    finally:
        child.kill()
        child.wait(20)


def stored_tasks() -> list[int]:
    found = []
    for file in history.stored_files(ENGINE):
        found += [int(number) for number in TASK.findall(file.path.read_text())]
    return found


def test_a_child_never_waits_for_somebody_to_read() -> None:
    with flooding(100_000) as child:
        assert child.wait(60) == 0
    assert not history.stored_files(ENGINE)


@pytest.mark.django_db
def test_every_line_of_a_flood_is_stored_or_counted() -> None:
    pumping = Pumping()
    with flooding(300_000) as child:
        while child.poll() is None:
            pumping.pump.step()
        assert child.returncode == 0
    pumping.run()
    lines = history.before(ENGINE, history.Filter("W"), None, 1000).lines
    missing = sum(int(GAP.findall(line.text)[0].replace(",", "")) for line in lines)
    tasks = stored_tasks()
    assert tasks == sorted(set(tasks))
    assert len(tasks) + missing == 300_000
    on_disk = (folders.folder(ENGINE) / folders.OUTPUT).stat().st_blocks * 512
    assert on_disk <= 3 << 20


@pytest.mark.django_db
def test_a_reader_that_is_killed_again_and_again_loses_no_line(data_dir: Path) -> None:
    environment = {**os.environ, "LLAMADASH_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "tests.fakes.pumping"]
    with flooding(60_000) as child:
        for life in range(3):
            reader = subprocess.Popen(command, cwd=CHECKOUT, env=environment)
            try:
                before = history.stored_bytes(ENGINE)
                wait_until(
                    lambda before=before: history.stored_bytes(ENGINE) > before or stored_all(),  # type: ignore[misc]
                    f"lines in life {life}",
                )
            finally:
                reader.send_signal(signal.SIGKILL)
                reader.wait(20)
        assert child.wait(60) == 0
    Pumping().run()
    tasks = stored_tasks()
    assert set(tasks) == set(range(60_000))
    assert len(tasks) - 60_000 <= 3 * 1_000  # a piece for each death at most


def stored_all() -> bool:
    return bool(history.stored_files(ENGINE)) and 59_999 in stored_tasks()[-1:]


def test_what_is_printed_while_the_server_is_dead_is_in_its_log_later(data_dir: Path) -> None:
    def is_stored(text: str) -> bool:
        return any(text in line.text for line in history.last(ENGINE, 100))

    with serving(migrated(data_dir)) as server:
        print_as_child(ENGINE, llama("while it runs"))
        wait_until(lambda: is_stored("while it runs"), "the first line")
        server.stop(signal.SIGKILL)
    print_as_child(ENGINE, llama("while it is dead"))
    with serving(data_dir) as server:
        wait_until(lambda: is_stored("while it is dead"), "the second line")
        assert server.stop() == 0
    texts = [line.text.partition("srv  ")[2] for line in history.last(ENGINE, 100)]
    assert texts == ["while it runs", "while it is dead"]


def test_what_the_server_says_while_it_runs_is_in_its_own_log(data_dir: Path) -> None:
    with serving(migrated(data_dir)):
        wait_until(
            lambda: any("agent runs" in line.text for line in history.last("app", 100)),
            "a line of the agent",
        )
