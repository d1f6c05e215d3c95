"""What `serve` will not start with: one line that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.migrated import migrated
from tests.fakes.serving import CHECKOUT, serving


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["--port", "99999"], {}, "--port 99999"),
        (["--port", "-1"], {}, "--port -1"),
        ([], {"LLAMADASH_DEBUG": "1"}, "make dev"),
        ([], {"LLAMADASH_MODELS_DIRS": "/no/such folder"}, "/no/such folder does not exist"),
    ],
    ids=["port too large", "port below zero", "debug", "folder that is not there"],
)
def test_a_start_that_cannot_work_is_one_line(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], words: str
) -> None:
    quiet = {**environment, "LLAMADASH_LOG_LEVEL": "WARNING"}
    with serving(migrated(tmp_path), *arguments, environment=quiet) as running:
        assert running.stop() == 1
        assert words in running.printed
        assert len(running.printed.strip().splitlines()) == 1


def test_runserver_listens_on_this_machine_only(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", "runserver", "0.0.0.0:0", "--noreload"],
        cwd=CHECKOUT,
        env={**os.environ, "LLAMADASH_DATA_DIR": str(tmp_path), "LLAMADASH_DEBUG": "1"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "LLAMADASH_DEBUG=1 shows code" in ended.stderr


@pytest.mark.parametrize("given", ["/srv/a b", "~/models", "../models"])
def test_make_hands_the_folder_on_as_it_was_given(tmp_path: Path, given: str) -> None:
    """With a program in Python's place that says what it got."""
    for goal in ("run", "dev"):
        program = tmp_path / "says"
        program.write_text('#!/bin/sh\nprintf "%s" "$LLAMADASH_MODELS_DIRS"\n')
        program.chmod(0o755)
        command = ["make", "-s", goal, f"MODELS_DIR={given}", f"PY={program}", "RUN_STAMP=Makefile"]
        said = subprocess.run(
            [*command, "DEV_STAMP=Makefile"], cwd=CHECKOUT, capture_output=True, text=True
        )
        assert said.stdout == given, said.stderr
