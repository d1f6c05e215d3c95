"""Programs that hang when they are asked what they are do not hold up the others."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path

import pytest
from django.conf import LazySettings

from engine_app import discovery
from engine_app.discovery import choose
from engine_app.models import EngineBinary
from engine_app.running import programs
from engine_app.running.programs import NOT_YET, Programs
from engine_app.running.rows import rows

pytestmark = pytest.mark.django_db(transaction=True)
SPEAKS = 'case "$1" in --version) echo "version: 1 (abc)";; *) echo "-m, --model F";; esac'


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A llama-server on the PATH that answers once this file is there, and one added by hand."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(programs, "SILENCE_SECONDS", 0.3)
    go = tmp_path / "go"
    hangs = f"while [ ! -e {go} ]; do /bin/sleep 0.02; done\n{SPEAKS}"
    script(folder / "llama-server", hangs)
    return go


def script(path: Path, words: str) -> Path:
    path.write_text(f"#!/bin/sh\n{words}\n")
    path.chmod(0o755)
    return path


async def test_a_silent_one_is_not_waited_for_while_another_works(go: Path, tmp_path: Path) -> None:
    works = script(tmp_path / "mine", SPEAKS)
    await rows(discovery.added_program, str(works))
    await Programs().find()
    silent = await rows(EngineBinary.objects.get, kind="path")
    assert silent.problem == NOT_YET
    assert (await rows(choose)).words == (str(works),)
    await asyncio.to_thread(go.touch)
    while (await rows(EngineBinary.objects.get, kind="path")).problem:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    assert (await rows(choose)).kind == "path"


async def test_the_only_one_is_waited_for(go: Path) -> None:
    finding = asyncio.create_task(Programs().find())
    await asyncio.sleep(0.6)
    assert not finding.done()
    await asyncio.to_thread(go.touch)
    await finding
    assert (await rows(choose)).kind == "path"


async def test_the_one_that_is_configured_is_waited_for(
    go: Path, tmp_path: Path, settings: LazySettings
) -> None:
    await rows(discovery.added_program, str(script(tmp_path / "mine", SPEAKS)))
    settings.LLAMA_SERVER_BIN = "llama-server"
    finding = asyncio.create_task(Programs().find())
    await asyncio.sleep(0.6)
    assert not finding.done()
    await asyncio.to_thread(go.touch)
    await finding
    assert (await rows(choose)).kind == "configured"
