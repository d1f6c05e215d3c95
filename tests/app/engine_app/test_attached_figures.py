"""Figures of attached servers: taken without ever loading or waking a model."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine_app.attached import control
from engine_app.attached.client import Client
from engine_app.attached.figures import MOST_MODELS, MOST_NAMES, ServerFigures
from engine_app.core.server_address import read_address
from engine_app.models import AttachedModel
from engine_app.models.attached import Role
from engine_app.running.rows import rows
from metrics_app.core.clock import Tick
from tests.fakes.attached import Followed, followed, running

pytestmark = pytest.mark.django_db(transaction=True)


def read(seen: Followed, source: str) -> dict[str, float | None]:
    tick = Tick(time.time(), time.monotonic(), 1.0)
    found = seen.sources.there[source].read(tick)
    return {metric.key: value for metric, value in found.items()}


async def test_a_loaded_model_has_its_figures_under_the_names_of_our_own(tmp_path: Path) -> None:
    with running(tmp_path, "model tiny") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            await rows(control.load, server, "tiny")
            await seen.until_model(server, "tiny", "loaded")
            key = f"{server.source}/tokens_per_second/tiny"
            await seen.until(lambda: read(seen, server.source).get(key), "a rate")
            figures = read(seen, server.source)
            assert figures[key] == pytest.approx(10, rel=0.5)  # as the program counts
            assert figures[f"{server.source}/requests_processing/tiny"] == 1
            await rows(control.unload, server, "tiny")
            await seen.until_model(server, "tiny", "unloaded")
            assert read(seen, server.source) == {}


async def test_a_single_server_has_figures_too(tmp_path: Path) -> None:
    with running(tmp_path, "single tiny") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            key = f"{server.source}/tokens_per_second/tiny"
            await seen.until(lambda: read(seen, server.source).get(key), "a rate")


async def test_where_a_server_tells_no_figures_they_are_unknown(tmp_path: Path) -> None:
    with running(tmp_path, "single tiny", "no-metrics") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            await seen.until_model(server, "tiny", "loaded")
            figures = read(seen, server.source)
    assert figures and set(figures.values()) == {None}


async def test_asking_loads_nothing_and_wakes_nothing(tmp_path: Path) -> None:
    with running(tmp_path, "model tiny", "model sleepy", "asleep sleepy") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            looks = [0]

            def several_looks() -> bool:
                looks[0] += 1
                return looks[0] > 20

            await seen.until(several_looks, "some looks")
            states = await rows(lambda: dict(server.models.values_list("model_id", "state")))
    assert states == {"tiny": "unloaded", "sleepy": "sleeping"}


async def test_a_model_that_was_unloaded_a_moment_ago_is_not_loaded_by_the_question(
    tmp_path: Path,
) -> None:
    with running(tmp_path, "model tiny") as there:
        async with Client(read_address(there.url)) as client:
            figures = ServerFigures("attached.1")
            figures.follow(["tiny"])
            await figures.ask(client, Role.ROUTER)
            listed = (await client.get("/models")).json()
    assert listed["data"][0]["status"]["value"] == "unloaded"
    assert set(figures.read(Tick(0, time.monotonic(), 1.0)).values()) == {None}


def test_names_without_end_do_not_become_series_without_end() -> None:
    figures = ServerFigures("attached.1")
    labels = set()
    for round_ in range(50):
        figures.follow(f"model-{round_}-{n}" for n in range(100))
        found = figures.read(Tick(0, time.monotonic(), 1.0))
        assert len({metric.label for metric in found}) <= MOST_MODELS
        labels |= {metric.label for metric in found}
    assert len(labels) == MOST_NAMES


async def test_an_unreachable_server_has_no_figures(tmp_path: Path) -> None:
    with running(tmp_path, "single tiny") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            await seen.until(lambda: read(seen, server.source), "figures")
            there.stop()
            await seen.until_state(server, "unreachable")
            assert read(seen, server.source) == {}
            assert await rows(AttachedModel.objects.filter(state="unknown").count) == 1
