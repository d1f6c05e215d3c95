"""serve is killed, and stopped, with three engines of the real llama.cpp running."""

from __future__ import annotations

import importlib.util
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from models_app.core.demo_models import write_demo_models
from tests.fakes.migrated import migrated
from tests.fakes.serving import CHECKOUT, Serving, serving, wait_until
from tests.requirements_here import need

pytestmark = pytest.mark.engine
MODELS = ("tiny-chat", "tiny-embed", "tiny-rerank")


class Installation:
    def __init__(self, folder: Path) -> None:
        self.data = migrated(folder / "data")
        self.models = folder / "models"
        write_demo_models(self.models, MODELS)
        self.environment = {"LLAMADASH_MODELS_DIRS": str(self.models), **ports()}

    def serve(self) -> Any:
        return serving(self.data, environment=self.environment)

    def run(self, *words: str) -> None:
        surroundings = {**os.environ, "LLAMADASH_DATA_DIR": str(self.data), **self.environment}
        subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=CHECKOUT,
            env=surroundings,
            check=True,
            capture_output=True,
        )

    def ask(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.data / "llamadash.sqlite3", timeout=10)) as database:
            return database.execute(sql).fetchall()

    def ready(self) -> dict[int, int]:
        return dict(self.ask("SELECT id, pid FROM engine_app_engine WHERE state = 'ready'"))

    def start_all(self, running: Serving) -> dict[int, int]:
        wait_until(lambda: len(self.usable()) == len(MODELS), "the models to be found")
        for name in MODELS:
            self.run("start_engine", name)
        wait_until(lambda: len(self.ready()) == len(MODELS), "three engines to be ready", 60)
        return self.ready()

    def usable(self) -> list[Any]:
        return self.ask("SELECT id FROM models_app_llamamodel WHERE state = 'ok'")


def ports() -> dict[str, str]:
    """Of this test alone: other servers of the same machine have the usual ones."""
    first = 20_000 + os.getpid() % 300 * 100
    return {"LLAMADASH_PORT_RANGE": f"{first}-{first + 99}"}


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    need(
        importlib.util.find_spec("xllamacpp") is not None,
        "the engine is not installed (pip install 'llamadash[engine]')",
    )
    found = Installation(tmp_path)
    try:
        yield found
    finally:
        for process in engines_of(tmp_path):
            process.kill()


def engines_of(folder: Path) -> list[psutil.Process]:
    """By the model's path among their words."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if "engine_app.embedded" in words and any(str(folder) in word for word in words):
            found.append(process)
    return found


def test_engines_of_a_killed_server_are_taken_over_and_none_is_started_again(
    installation: Installation, tmp_path: Path
) -> None:
    with installation.serve() as first:
        before = installation.start_all(first)
        first.stop(signal.SIGKILL)
    assert {process.pid for process in engines_of(tmp_path)} == set(before.values())
    with installation.serve() as second:
        taken = "SELECT count(*) FROM engine_app_enginerun WHERE adopted_at IS NOT NULL"
        wait_until(lambda: installation.ask(taken) == [(3,)], "all three to be taken over")
        assert installation.ready() == before
        assert installation.ask("SELECT count(*) FROM engine_app_enginerun") == [(3,)]
        assert second.stop() == 0
    assert engines_of(tmp_path) == []
    assert installation.ask("SELECT DISTINCT state FROM engine_app_engine") == [("stopped",)]


def test_a_stop_of_the_server_stops_its_engines_and_its_next_start_brings_them_back(
    installation: Installation, tmp_path: Path
) -> None:
    with installation.serve() as first:
        installation.start_all(first)
        assert first.stop() == 0
        assert "Traceback" not in first.printed
    assert engines_of(tmp_path) == []
    codes = "SELECT DISTINCT reason_code FROM engine_app_enginerun"
    assert installation.ask(codes) == [("exit",)]
    with installation.serve():
        wait_until(lambda: len(installation.ready()) == len(MODELS), "all to be back", 60)
        installation.run("stop_engine", "--all")
        wait_until(lambda: engines_of(tmp_path) == [], "all to be gone")


def test_a_start_that_was_looking_for_memory_when_its_server_was_killed_goes_on(
    installation: Installation, tmp_path: Path
) -> None:
    """What is asked how much it needs answers only when the gate is gone."""
    gate, program = tmp_path / "gate", tmp_path / "bin" / "llama-fit-params"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nwhile [ -e {gate} ]; do sleep 0.1; done\nexit 1\n")
    program.chmod(0o700)
    gate.touch()
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    surroundings = {**installation.environment, "PATH": path}
    where = "SELECT state, phase, pid FROM engine_app_engine"
    with serving(installation.data, environment=surroundings) as first:
        wait_until(lambda: len(installation.usable()) == len(MODELS), "the models to be found")
        # Of several slots that share a cache nobody is asked.
        preset = "Preset.objects.create(name='one slot', options={'parallel': 1})"
        installation.run("shell", "-v0", "-c", f"from engine_app.models import Preset; {preset}")
        installation.run("start_engine", "tiny-chat", "--preset", "one slot")
        wait_until(lambda: installation.ask(where) == [("starting", "room", None)], "the look")
        first.stop(signal.SIGKILL)
    assert installation.ask(where) == [("starting", "room", None)]
    gate.unlink()
    with serving(installation.data, environment=surroundings) as second:
        wait_until(lambda: len(installation.ready()) == 1, "the engine to be ready", 60)
        assert installation.ask("SELECT count(*) FROM engine_app_enginerun") == [(1,)]
        assert installation.ask("SELECT claim FROM engine_app_engine") != [("{}",)]
        assert second.stop() == 0
    assert engines_of(tmp_path) == []
