"""Engines on the real llama.cpp."""

from __future__ import annotations

import importlib.util
import signal
import socket
from pathlib import Path

import psutil
import pytest
from django.conf import LazySettings

from engine_app import control
from engine_app.health import get
from engine_app.models import Engine, EngineRun
from engine_app.running import key_files
from engine_app.running.rows import rows
from models_app.models import LlamaModel
from tests.factories import make_model
from tests.fakes.gguf_models import llama_like
from tests.fakes.supervised import demo_model, processes_of_engines, supervised
from tests.requirements_here import need

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]


@pytest.fixture
def model(tmp_path: Path) -> LlamaModel:
    need(
        importlib.util.find_spec("xllamacpp") is not None,
        "the engine is not installed (pip install 'llamadash[engine]')",
    )
    return demo_model(tmp_path / "models")


async def test_an_engine_starts_answers_and_stops(model: LlamaModel) -> None:
    async with supervised() as here:
        engine = await here.start(model)
        assert engine.port is not None and engine.pid is not None
        reply = await get(engine.port, "/v1/models", key=key_files.key_of(engine.pk))
        assert reply.json()["data"][0]["id"] == "tiny-chat"
        stopped = await here.stop(engine)
        assert (stopped.pid, stopped.reason_code) == (None, "stopped")
        run = await here.last_run(engine)
    assert (run.exit_code, run.signal, run.reason_code) == (0, None, "stopped")
    assert run.seconds_to_ready is not None and run.memory["rss_bytes"] > 1 << 20
    assert any("model loaded" in line for line in run.last_lines)
    assert processes_of_engines() == []


async def test_it_asks_for_its_key_which_no_command_line_shows(model: LlamaModel) -> None:
    async with supervised() as here:
        engine = await here.start(model)
        assert engine.port is not None and engine.pid is not None
        key = key_files.key_of(engine.pk)
        assert (await get(engine.port, "/v1/models")).status == 401
        assert (await get(engine.port, "/v1/models", key="x" * 43)).status == 401
        words = psutil.Process(engine.pid).cmdline()
        run = await here.last_run(engine)
    assert len(key) > 40 and not any(key in word for word in [*words, *run.argv])
    path = key_files.folder(engine.pk) / "key"
    assert path.stat().st_mode & 0o777 == 0o600


async def test_its_environment_holds_nothing_of_ours(
    model: LlamaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ("DATABASE_URL", "LLAMADASH_SECRET_KEY", "HF_TOKEN", "LLAMA_ARG_HOST", "LD_PRELOAD")
    for name in secrets[:-1]:
        monkeypatch.setenv(name, "geheim")
    async with supervised() as here:
        engine = await here.start(model)
        assert engine.pid is not None
        environment = psutil.Process(engine.pid).environ()
    assert not set(secrets) & set(environment)
    assert "geheim" not in environment.values()


async def test_requests_for_a_start_at_the_same_time_make_one_process(model: LlamaModel) -> None:
    async with supervised() as here:
        for _ in range(5):
            engine = await rows(control.start, model)
            await here.step()
        await here.until_state(engine, "ready")
        assert await rows(Engine.objects.count) == 1
        assert await rows(EngineRun.objects.count) == 1
        assert len(processes_of_engines()) == 1


async def test_a_restart_makes_another_process(model: LlamaModel) -> None:
    async with supervised() as here:
        first = await here.start(model)
        before = first.generation
        await rows(control.restart, first)

        def again() -> Engine | None:
            others = Engine.objects.exclude(observed_generation=before)
            return others.filter(pk=first.pk, state="ready").first()

        second: Engine = await here.until(again, "another process")
        assert second.observed_generation == second.generation == before + 1
        codes = await rows(lambda: list(EngineRun.objects.values_list("reason_code", flat=True)))
        assert codes == ["", "restarting"]
        assert second.n_restarts == 0


async def test_a_killed_engine_is_started_again(model: LlamaModel) -> None:
    async with supervised() as here:
        first = await here.start(model)
        assert first.pid is not None
        psutil.Process(first.pid).kill()
        failed = await here.until_state(first, "failed")
        assert failed.reason_code == "killed_hard" and failed.retry_at is not None

        def again() -> Engine | None:
            return Engine.objects.filter(pk=first.pk, state="ready").first()

        second: Engine = await here.until(again, "a new process")
        assert second.pid != first.pid
        assert (second.n_restarts, second.reason) == (1, "")
        runs = await rows(lambda: list(EngineRun.objects.order_by("id")))
    assert runs[0].signal == signal.SIGKILL


def damage(path: Path, cut: int) -> None:
    if cut:
        path.write_bytes(path.read_bytes()[:cut])
    else:
        path.unlink()


@pytest.mark.parametrize(
    ("cut", "code"), [(0, "missing_file"), (64, "truncated"), (300_000, "truncated")]
)
async def test_a_file_that_is_not_whole_is_never_given_to_an_engine(
    model: LlamaModel, cut: int, code: str
) -> None:
    damage(Path(model.path), cut)
    async with supervised() as here:
        engine = await here.start(model, "failed")
        assert (engine.reason_code, engine.retry_at) == (code, None)
        run = await here.last_run(engine)
    assert (run.argv, run.pid, run.reason_code) == ([], None, code)


async def test_a_model_that_the_engine_does_not_know_fails_once_with_its_words(
    tmp_path: Path, model: LlamaModel
) -> None:
    strange = llama_like(tmp_path / "strange.gguf", arch="nonsense", data="full")
    row = await rows(make_model, "strange", path=str(strange), size_bytes=strange.stat().st_size)
    async with supervised() as here:
        engine = await here.start(row, "failed")
        assert (engine.reason_code, engine.retry_at) == ("unknown_architecture", None)
        assert engine.reason == "does not know the architecture nonsense"
        run = await here.last_run(engine)
    assert run.exit_code == 1


async def test_an_engine_that_is_frozen_is_found_ended_and_started_again(
    model: LlamaModel,
) -> None:
    async with supervised() as here:
        first = await here.start(model)
        assert first.pid is not None
        psutil.Process(first.pid).suspend()
        failed = await here.until_state(first, "failed")
        assert failed.reason_code == "hung"
        run = await here.last_run(first)
        assert run.signal == signal.SIGKILL  # one that is frozen takes no other
        second = await here.until_state(first, "ready")
        assert second.pid != first.pid


async def test_a_port_that_is_taken_meanwhile_is_left_to_its_owner(
    model: LlamaModel, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine_app.running.ports._is_free", lambda port: True)
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        taken = foreign.getsockname()[1]
        settings.PORT_RANGE = range(taken, taken + 3)
        async with supervised() as here:
            engine = await here.start(model)
            assert engine.port is not None and engine.port > taken
            first = await rows(lambda: EngineRun.objects.earliest("id"))
    assert first.reason_code == "port_taken" and first.exit_code == 1
