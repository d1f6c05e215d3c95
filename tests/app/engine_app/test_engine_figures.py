"""Figures of engines, from real processes to the sampler, the sockets and Prometheus."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from engine_app import control
from engine_app.figures import asking, following
from engine_app.figures.answers import answers
from engine_app.figures.following import Following
from engine_app.health import is_sleeping
from engine_app.models import Engine, Preset
from engine_app.running import key_files
from engine_app.running.patience import Patience
from engine_app.running.rows import rows
from metrics_app.hour import hour
from metrics_app.sampler import Sampler
from models_app.models import LlamaModel
from tests.fakes.supervised import HASTY, Orders, Supervised, demo_model, supervised
from tests.requirements_here import need

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]


@pytest.fixture
def model(tmp_path: Path) -> LlamaModel:
    need(
        importlib.util.find_spec("xllamacpp") is not None,
        "the engine is not installed (pip install 'llamadash[engine]')",
    )
    model = demo_model(tmp_path / "models", "tiny-slow")
    # Two threads on two processors that others use as well wait for each other most of the time.
    Preset.objects.create(
        name="one thread", llama_model=model, is_default=True, options={"threads": 1}
    )
    return model


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of things is what is tested."""
    for module in (asking, following):
        monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(asking, "SECONDS", 0.2)
    monkeypatch.setattr(asking, "WATCHED_SECONDS", 0.1)
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0.5)


@pytest.fixture(autouse=True)
def no_hour() -> Iterator[None]:
    yield
    hour.clear()


class Figures:
    """What is sampled, told and watched."""

    def __init__(self) -> None:
        self.watched: set[str] = set()
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.sampler = Sampler(watched=self.watched.__contains__)
        self.following = Following(self.sampler, self._told, self.watched.__contains__)

    def _told(self, topic: str, name: str, data: dict[str, Any]) -> None:
        self.events.append((topic, name, data))

    async def now(self) -> dict[str, float | None]:
        sampled = await self.sampler.tick()
        assert sampled is not None
        hour.add(sampled)
        return {metric.key: value for metric, value in sampled.values.items()}

    async def until(self, condition: Callable[[dict[str, float | None]], Any], what: str) -> Any:
        end = time.monotonic() + 30
        while not (found := condition(figures := await self.now())):
            assert time.monotonic() < end, f"waited in vain for {what}: {figures}"
            await asyncio.sleep(0.05)
        return found


@asynccontextmanager
async def followed(
    patience: Patience = HASTY, *, keep: bool = False
) -> AsyncIterator[tuple[Supervised, Figures]]:
    figures = Figures()
    async with supervised(patience, keep=keep, follow=figures.following) as here:
        yield here, figures
    figures.sampler.close()


@asynccontextmanager
async def answering(engine: Engine) -> AsyncIterator[None]:
    """It generates until this is left: then nobody listens any more."""
    words = {"prompt": "hello", "n_predict": 5000, "ignore_eos": True, "stream": True}
    body = json.dumps(words)
    reader, writer = await asyncio.open_connection("127.0.0.1", engine.port)
    writer.write(
        f"POST /completion HTTP/1.1\r\nHost: engine\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: Bearer {key_files.key_of(engine.pk)}\r\n\r\n{body}".encode()
    )
    try:
        assert b" 200 " in await reader.readline()
        yield
    finally:
        writer.close()


async def test_an_engine_that_generates_has_figures_while_it_does(model: LlamaModel) -> None:
    async with followed() as (here, figures):
        engine = await here.start(model)
        topic = engine.source
        idle = await figures.until(lambda now: now.get(f"{topic}/tokens_per_second") == 0 and now,
                                   "an idle engine")  # fmt: skip
        assert idle[f"{topic}/requests_processing"] == 0
        assert idle[f"{topic}/rss_bytes"] > 1 << 20
        async with answering(engine):
            await figures.until(lambda now: (now[f"{topic}/tokens_per_second"] or 0) > 0, "tokens")
            for key in (f"{topic}/requests_processing", "engines/requests_processing"):
                await figures.until(partial(is_one, key), key)
            await figures.until(lambda now: (now[f"{topic}/cpu_ratio"] or 0) > 0, "CPU time")
        await figures.until(lambda now: now[f"{topic}/tokens_per_second"] == 0, "rest")


def is_one(key: str, now: dict[str, float | None]) -> bool:
    return now[key] == 1


async def test_an_engine_that_has_ended_has_no_figures(model: LlamaModel) -> None:
    async with followed() as (here, figures):
        engine = await here.start(model)
        await figures.until(lambda now: now.get("engines/requests_processing") == 0, "figures")
        assert engine.pk in answers
        await here.stop(engine)
        assert await figures.now() == {}
        assert engine.pk not in answers


async def test_slots_are_told_while_somebody_watches(model: LlamaModel) -> None:
    async with followed() as (here, figures):
        engine = await here.start(model)
        await figures.until(lambda now: now.get(f"{engine.source}/requests_processing") == 0, "it")
        assert (await figures.now())[f"{engine.source}/slots_busy"] is None
        assert figures.events == []
        figures.watched.add(engine.source)
        await figures.until(lambda now: now[f"{engine.source}/slots_busy"] == 0, "slots")
        async with answering(engine):
            await figures.until(lambda _: any(speeds(figures.events)), "a slot's speed")
            await figures.until(lambda now: now[f"{engine.source}/slots_busy"] == 1, "a busy slot")
        topic, name, data = figures.events[-1]
        assert (topic, name) == (engine.source, "engine.slots")
        slot = max(data["slots"], key=lambda each: each["n_used"] or 0)
        assert slot["n_ctx"] > slot["n_used"] > 0
        assert len(data["slots"]) == (await figures.now())[f"{engine.source}/slots_total"]


def speeds(events: list[tuple[str, str, dict[str, Any]]]) -> list[float | None]:
    """Of the slots, as they were told last."""
    return [slot["tokens_per_second"] for slot in events[-1][2]["slots"]]


async def test_slots_that_do_not_change_are_not_told_again_and_again(model: LlamaModel) -> None:
    async with followed() as (here, figures):
        engine = await here.start(model)
        figures.watched.add(engine.source)
        await figures.until(lambda now: now.get(f"{engine.source}/slots_busy") == 0, "slots")
        told = answers[engine.pk].slots
        await figures.until(lambda _: answers[engine.pk].slots != told, "another answer")
        assert len(figures.events) == 1


async def test_an_engine_that_was_taken_over_has_its_figures(model: LlamaModel) -> None:
    async with followed(keep=True) as (here, _):
        engine = await here.start(model)
    async with followed() as (here, figures):
        wanted = f"{engine.source}/requests_processing"
        await figures.until(lambda now: now.get(wanted) == 0, "figures of an adopted engine")
        assert (await figures.now())[f"{engine.source}/rss_bytes"]


async def test_watching_neither_wakes_nor_keeps_awake(model: LlamaModel) -> None:
    options = {"sleep-idle-seconds": 1}
    preset = await rows(Preset.objects.create, name="naps", options=options)
    async with followed() as (here, figures):
        engine = await rows(control.start, model, preset)
        engine = await here.until_state(engine, "ready")
        figures.watched |= {engine.source, "engines"}
        assert engine.port is not None
        key = key_files.key_of(engine.pk)
        await figures.until(lambda now: now.get(f"{engine.source}/requests_processing") == 0, "it")
        await here.until_state(engine, "sleeping")
        await figures.until(lambda now: now[f"{engine.source}/requests_processing"] is None, "-")
        for _ in range(20):
            await figures.now()
            await here.step()
            await asyncio.sleep(0.05)
        assert await is_sleeping(engine.port, key) is True


async def told(client: Client) -> dict[tuple[str, str], dict[str, Any]]:
    """(name, engine) to the labels and the value, as Prometheus's own parser reads them."""
    answer = await sync_to_async(client.get)("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, sample.labels["engine"]): sample.labels | {"value": sample.value}
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
        if "engine" in sample.labels
    }


async def test_prometheus_gets_ours_and_theirs(model: LlamaModel, client: Client) -> None:
    async with followed() as (here, figures):
        engine = await here.start(model)
        await figures.until(lambda now: now.get(f"{engine.source}/tokens_per_second") == 0, "all")
        found = await told(client)
        number = str(engine.pk)
        ready = {"engine": number, "model": "tiny-slow", "value": 1}
        assert found["llamadash_engine_ready", number] == ready
        assert found["llamadash_engine_requests_processing", number]["value"] == 0
        assert found["llamadash_engine_rss_bytes", number]["value"] > 1 << 20
        theirs = {"engine": number, "model": "tiny-slow", "value": 0}
        assert found["llamacpp:n_decode_total", number] == theirs
        await here.stop(engine)
        hour.clear()
        found = await told(client)
        assert found["llamadash_engine_ready", number]["value"] == 0
        assert [name for name, _ in found if "llamacpp" in name or "rss" in name] == []


@pytest.fixture
def tiny(tmp_path: Path, orders: Orders) -> LlamaModel:
    return demo_model(tmp_path / "models")


async def test_slots_are_not_asked_for_while_nobody_watches(
    tiny: LlamaModel, orders: Orders, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    orders.give(f"note {notes}")
    async with followed() as (here, _):
        engine = await here.start(tiny)

        def asked_twice() -> bool:
            return notes.read_text().split().count("/metrics") >= 2

        await here.until(asked_twice, "two questions")
        assert "/slots" not in notes.read_text().split()
        assert engine.pk in answers


async def test_an_engine_that_hangs_delays_nobody_and_is_soon_unknown(
    tiny: LlamaModel, orders: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine_app.figures.told.FRESH_SECONDS", 1.0)
    metrics = tmp_path / "metrics"
    metrics.write_text("llamacpp:requests_processing 3\n")
    orders.give(f"metrics {metrics}")
    patient = replace(HASTY, live_answer=60.0)  # else it is ended
    async with followed(patient) as (here, figures):
        engine = await here.start(tiny)
        key = f"{engine.source}/requests_processing"
        await figures.until(lambda now: now.get(key) == 3, "a figure")
        orders.give("hang")
        await figures.until(lambda now: now.get(key, 0) is None, "it to be unknown")
        assert (await figures.now())[f"{engine.source}/rss_bytes"]
        orders.give(f"metrics {metrics}")


HOSTILE = [
    b"",
    b"\xff\xfe\x00" * 1000,
    b"llamacpp:requests_processing NaN\nllamacpp:n_decode_total -5\n",
    b"llamacpp:evil{" + b"}" * 50_000,
    b'{"status": "ok"}',
    b"[" * 100_000,
    b'[{"id": "0", "is_processing": "yes"}]',
    json.dumps([{"id": n, "is_processing": True} for n in range(5000)]).encode(),
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
async def test_a_hostile_answer_makes_no_figure_and_ends_nothing(
    tiny: LlamaModel, orders: Orders, tmp_path: Path, body: bytes
) -> None:
    hostile, notes = tmp_path / "hostile", tmp_path / "notes"
    hostile.write_bytes(body)
    orders.give(f"metrics {hostile}", f"slots {hostile}", f"note {notes}")
    async with followed() as (here, figures):
        engine = await here.start(tiny)
        figures.watched.add(engine.source)

        def asked() -> bool:
            return notes.read_text().split().count("/slots") >= 2

        await here.until(asked, "two questions for slots")
        now = await figures.now()
        assert now[f"{engine.source}/requests_processing"] is None
        assert now[f"{engine.source}/tokens_per_second"] is None
        assert all(len(data["slots"]) <= 256 for _, _, data in figures.events)
        metrics = tmp_path / "metrics"
        metrics.write_text("llamacpp:requests_processing 2\n")
        orders.give(f"metrics {metrics}")
        key = f"{engine.source}/requests_processing"
        await figures.until(lambda now: now[key] == 2, "the next good answer")
