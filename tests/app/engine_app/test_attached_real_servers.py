"""Attached to real llama.cpp: the embedded engine as a single server, and a router where one is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from engine_app import health
from engine_app.attached import control
from engine_app.attached.control import OrderRefused
from engine_app.models import AttachedServer
from engine_app.running.ports import free_port
from engine_app.running.rows import rows
from metrics_app.core.clock import Tick
from models_app.core.demo_models import write_demo_models
from tests.fakes.attached import Followed, followed
from tests.fakes.serving import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

CHECKOUT: Final = Path(__file__).parents[3]
# No package brings a llama-server with router mode: it is tried where somebody has built one.
REAL: Final = os.environ.get("TEST_LLAMA_SERVER_BIN") or shutil.which("llama-server")
KEY: Final = "sesame"


@contextmanager
def server(folder: Path, *words: str) -> Iterator[int]:
    """The port of a llama-server that answers."""
    port = free_port(range(18_000, 18_100), set())
    environment = {
        **os.environ,
        "LLAMA_API_KEY": KEY,
        "LLAMA_CACHE": str(folder),
        "HF_HOME": str(folder),
    }
    command = [*words, "--host", "127.0.0.1", "--port", str(port), "--metrics"]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: process.poll() is not None or answers(port), "an answer of the engine")
        assert process.poll() is None, (folder / "output").read_text()[-2000:]
        yield port
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{health.HOST}:{port}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def attach(port: int) -> AttachedServer:
    return control.attach(control.wanted("real", f"http://127.0.0.1:{port}", KEY))


def figures(seen: Followed, source: str) -> dict[str, float | None]:
    found = seen.sources.there[source].read(Tick(time.time(), time.monotonic(), 1.0))
    return {f"{metric.name} {metric.label}": value for metric, value in found.items()}


async def test_the_embedded_engine_is_attached_with_model_key_and_figures(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    model = next(iter(write_demo_models(tmp_path / "models", ["tiny-chat"])))
    words = (sys.executable, "-m", "engine_app.embedded", "-m", str(model), "--alias", "tiny")
    with server(tmp_path, *words, "-c", "512", "-np", "1") as port:
        async with followed() as seen:
            row = await seen.until_state(await rows(attach, port), "reachable")
            found = await seen.until_model(row, "tiny", "loaded")
            assert (row.role, row.n_slots, found.context) == ("single", 1, 512)
            assert found.path == str(model)
            name = "requests_processing tiny"
            await seen.until(lambda: figures(seen, row.source).get(name) == 0, "figures")
            with pytest.raises(OrderRefused, match="single server"):
                await rows(control.load, row, "tiny")


@pytest.mark.skipif(REAL is None, reason="no llama-server on the PATH or in TEST_LLAMA_SERVER_BIN")
async def test_a_real_router_loads_tells_and_unloads(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    write_demo_models(folder, ["tiny-chat"])
    with server(tmp_path, str(REAL), "--models-dir", str(folder), "--models-max", "2") as port:
        async with followed() as seen:
            row = await seen.until_state(await rows(attach, port), "reachable")
            assert row.role == "router"
            await seen.until_model(row, "tiny-chat", "unloaded")
            await rows(control.load, row, "tiny-chat")
            await seen.until_model(row, "tiny-chat", "loaded")
            name = "requests_processing tiny-chat"
            await seen.until(lambda: figures(seen, row.source).get(name) == 0, "figures")
            await rows(control.unload, row, "tiny-chat")
            await seen.until_model(row, "tiny-chat", "unloaded")
