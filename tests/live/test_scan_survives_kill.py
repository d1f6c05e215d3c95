"""A scan killed in the middle leaves a true registry, and the next scan completes it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.gguf_models import llama_like
from tests.fakes.migrated import migrated
from tests.scans import at_rest

HERE = Path(__file__).resolve().parents[2]
MODELS = 600  # three transactions
DEADLINE_SECONDS = 60


class Installation:
    """A database of its own, and the commands that use it."""

    def __init__(self, folder: Path) -> None:
        self.data = migrated(folder / "data")
        self.models = folder / "models"
        self.models.mkdir()
        environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        self.environment = {**environment, "LLAMADASH_DATA_DIR": str(self.data)}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=HERE,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0, err
        return out

    def ask(self, sql: str) -> Any:
        with closing(sqlite3.connect(self.data / "llamadash.sqlite3", timeout=10)) as database:
            return database.execute(sql).fetchone()[0]

    def wait_for(self, sql: str, least: int, process: subprocess.Popen[str]) -> None:
        end = time.monotonic() + DEADLINE_SECONDS
        while self.ask(sql) < least:
            assert process.poll() is None, "the scan ended before it could be killed"
            assert time.monotonic() < end
            time.sleep(0.005)


COUNT_FILES = "SELECT count(*) FROM models_app_modelfile"
COUNT_MODELS = "SELECT count(*) FROM models_app_llamamodel"
HALF_GROUPS = """
    SELECT count(*) FROM (
        SELECT 1 FROM models_app_llamamodel AS model
        LEFT JOIN models_app_modelfile AS file ON file.llama_model_id = model.id
        GROUP BY model.id HAVING count(file.id) != 3)
"""


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    for number in range(MODELS // 3):
        for shard in range(3):
            name = f"m{number:03d}-{shard + 1:05d}-of-00003.gguf"
            llama_like(installation.models / name, name=f"M{number}", split=(shard, 3))
    at_rest(installation.models)
    yield installation


def test_a_killed_scan_is_completed_by_the_next(installation: Installation) -> None:
    process = installation.start("scan_models", str(installation.models), "--json")
    try:
        installation.wait_for(COUNT_FILES, 1, process)
    finally:
        process.kill()
        out, _ = process.communicate()
    assert (process.returncode, out) == (-signal.SIGKILL, "")

    written = installation.ask(COUNT_MODELS)
    assert 0 < written < MODELS // 3
    assert installation.ask("PRAGMA integrity_check") == "ok"
    assert installation.ask(HALF_GROUPS) == 0

    answer = json.loads(installation.run("scan_models", "--json"))
    assert (answer["models"], answer["added"]) == (MODELS // 3, MODELS // 3 - written)
    assert answer["unchanged"] == written
    assert installation.ask(HALF_GROUPS) == 0
    states = "SELECT group_concat(state) FROM (SELECT state FROM models_app_scanrun ORDER BY id)"
    assert installation.ask(states) == "interrupted,done"


def test_an_interrupted_scan_keeps_what_was_written(installation: Installation) -> None:
    process = installation.start("scan_models", str(installation.models), "--json")
    try:
        installation.wait_for(COUNT_FILES, 1, process)
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 1
    assert "what was read is kept" in err and "Traceback" not in err
    assert json.loads(out)["added"] == installation.ask(COUNT_MODELS)
    assert installation.ask("SELECT state FROM models_app_scanrun") == "cancelled"
