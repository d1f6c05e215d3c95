"""What is seen of attached servers: a real program at the other end, which does as it is told."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from engine_app.attached import control
from engine_app.models import AttachedModel, AttachedServer
from engine_app.running.rows import rows
from tests.factories import make_model
from tests.fakes.attached import HASTY, followed, running

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_router_is_known_with_its_models_and_their_states(tmp_path: Path) -> None:
    with running(tmp_path, "model tiny t1 t2", "model other", "asleep other") as there:
        async with followed() as seen:
            server = await rows(there.attach)
            server = await seen.until_state(server, "reachable")
            assert (server.role, server.build, server.most_loaded) == ("router", "b7777-0c1e570", 4)
            models = await rows(lambda: {m.model_id: m for m in server.models.all()})
    assert {name: model.state for name, model in models.items()} == {
        "tiny": "unloaded",
        "other": "sleeping",
    }
    assert models["tiny"].aliases == ["t1", "t2"]


async def test_a_single_server_is_known_with_its_model(tmp_path: Path) -> None:
    with running(tmp_path, "single tiny-chat") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            model = await rows(server.models.get)
    assert (server.role, server.n_slots) == ("single", 2)
    assert (model.model_id, model.state, model.context, model.size_bytes) == (
        "tiny-chat",
        "loaded",
        2048,
        464_256,
    )


async def test_a_load_is_seen_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    with running(tmp_path, "model tiny", "load 0.5") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            await rows(control.load, server, "tiny")
            await seen.until_model(server, "tiny", "loading")
            model = await seen.until_model(server, "tiny", "loaded")
            assert model.context == 2048 and model.child_port
            await rows(control.unload, server, "tiny")
            await seen.until_model(server, "tiny", "unloaded")

            def told() -> list[str]:
                return [
                    model["state"]
                    for topic, name, data in seen.events
                    if (topic, name) == (server.source, "attached.models")
                    for model in data["models"]
                ]

            await seen.until(lambda: told()[1:][-1:] == ["unloaded"], "the end to be told")
    without_progress = [
        state for state, before in zip(told(), ["", *told()], strict=False) if state != before
    ]
    assert without_progress == ["unloaded", "loading", "loaded", "unloaded"]


async def test_progress_comes_from_the_feed(tmp_path: Path) -> None:
    with running(tmp_path, "model tiny", "load 30") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            await seen.until(lambda: True, "the feed to be followed")
            await rows(control.load, server, "tiny")

            def half() -> bool:
                return AttachedModel.objects.filter(state="loading", progress=0.5).exists()

            await seen.until(half, "progress")


async def test_without_a_feed_the_looks_do(tmp_path: Path) -> None:
    with running(tmp_path, "model tiny", "no-feed") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            await rows(control.load, server, "tiny")
            await seen.until_model(server, "tiny", "loaded")


async def test_a_failed_load_keeps_its_exit_code(tmp_path: Path) -> None:
    with running(tmp_path, "broken bad") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            await rows(control.load, server, "bad")
            model = await seen.until_model(server, "bad", "failed")
    assert model.exit_code == 1


async def test_models_that_come_and_go_are_rows_that_come_and_go(tmp_path: Path) -> None:
    with running(tmp_path, "model a") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            await seen.until_model(server, "a", "unloaded")
            there.orders.give("model b")
            await seen.until_model(server, "b", "unloaded")
            names = await rows(lambda: [each.model_id for each in server.models.all()])
    assert names == ["b"]


async def test_a_server_that_dies_is_unreachable_and_its_models_unknown(tmp_path: Path) -> None:
    with running(tmp_path, "model tiny") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            there.stop()
            server = await seen.until_state(server, "unreachable")
            assert "Connection refused" in server.reason
            assert server.role == "router"  # it was one, and that is shown with its state
            await seen.until_model(server, "tiny", "unknown")
            there.start()
            await seen.until_state(server, "reachable")
            await seen.until_model(server, "tiny", "unloaded")


async def test_a_server_that_loads_is_reachable_and_its_model_loads(tmp_path: Path) -> None:
    with running(tmp_path, "single tiny") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            await seen.until_model(server, "tiny", "loaded")
            there.add("loading")
            model = await seen.until_model(server, "tiny", "loading")
            assert model.size_bytes == 464_256
            server = await rows(AttachedServer.objects.get)
            assert (server.state, server.reason) == ("reachable", "It loads its model.")
            there.add()
            await seen.until_model(server, "tiny", "loaded")


async def test_a_wrong_key_is_refused_and_a_right_one_is_not(tmp_path: Path) -> None:
    with running(tmp_path, "model tiny", "key sesame") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "refused")
            assert server.reason == "It wants a key."
            wanted = await rows(control.wanted, "there", there.url, "simsim", server=server)
            await rows(control.change, server, wanted)

            def says_so() -> bool:
                return AttachedServer.objects.filter(reason__contains="is not right").exists()

            await seen.until(says_so, "the wrong key to be refused")
            wanted = await rows(control.wanted, "there", there.url, "sesame", server=server)
            await rows(control.change, server, wanted)
            await seen.until_state(server, "reachable")


async def test_nothing_is_written_while_nothing_changes(
    tmp_path: Path, django_assert_num_queries: object
) -> None:
    with running(tmp_path, "model tiny", "model other") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            await seen.until_model(server, "tiny", "unloaded")
            before = await rows(lambda: list(AttachedModel.objects.values()))
            row = await rows(lambda: AttachedServer.objects.values().get())
            n_events = len(seen.events)
            await asyncio.sleep(1.0)  # ten looks
            assert await rows(lambda: list(AttachedModel.objects.values())) == before
            assert await rows(lambda: AttachedServer.objects.values().get()) == row
            assert len(seen.events) == n_events


async def test_one_that_is_switched_off_or_detached_is_not_asked_any_more(tmp_path: Path) -> None:
    with running(tmp_path, "model tiny") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            wanted = await rows(control.wanted, "x", there.url, enabled=False, server=server)
            await rows(control.change, server, wanted)
            await seen.following.step()
            assert not seen.following.followers and not seen.sources.there
            server = await rows(AttachedServer.objects.get)
            assert (server.state, await rows(server.models.count)) == ("unknown", 0)


async def test_a_model_is_linked_to_the_registered_one_of_the_same_name(tmp_path: Path) -> None:
    model = await rows(make_model, "Tiny Chat", path="/models/tiny-chat.gguf")
    await rows(make_model, "twice", path="/models/a/twice.gguf")
    await rows(make_model, "twice", path="/models/b/twice.gguf")
    with running(tmp_path, "model tiny-chat", "model twice", "model nobody") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            linked = await rows(
                lambda: dict(server.models.values_list("model_id", "llama_model_id"))
            )
    assert linked == {"tiny-chat": model.pk, "twice": None, "nobody": None}


async def test_a_hanging_server_delays_no_other(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        running(tmp_path / "a", "model a", "hang ") as slow,
        running(tmp_path / "b", "model b") as ok,
    ):
        async with followed() as seen:
            await rows(slow.attach, "slow")
            server = await rows(ok.attach, "ok")
            await asyncio.wait_for(seen.until_state(server, "reachable"), 4)


async def test_a_router_with_ten_thousand_models_is_two_thousand_rows_and_a_count(
    tmp_path: Path,
) -> None:
    with running(tmp_path, "model tiny", "many 9000") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            assert (await rows(server.models.count), server.n_left_out) == (2000, 7001)
            largest = max(len(data.get("models", ())) for _, _, data in seen.events)
            assert largest <= 50


async def test_a_feed_that_never_stops_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    with running(tmp_path, "model tiny", "chatty") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            began = asyncio.get_running_loop().time()
            for _ in range(20):
                await asyncio.sleep(0.02)
            assert asyncio.get_running_loop().time() - began < 5
            await rows(control.load, server, "tiny")
            await seen.until_model(server, "tiny", "loaded")


async def test_a_server_that_turns_bad_is_called_so_and_the_agent_goes_on(tmp_path: Path) -> None:
    with running(tmp_path, "model tiny") as there:
        async with followed() as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            there.orders.give("json " + "[" * 3000)
            await seen.until_state(server, "wrong")
            await seen.until_model(server, "tiny", "unknown")
            there.add()
            await seen.until_state(server, "reachable")


async def test_a_model_that_is_registered_later_is_linked_then(tmp_path: Path) -> None:
    hasty = dataclasses.replace(HASTY, written=0.1)
    with running(tmp_path, "model tiny-chat") as there:
        async with followed(hasty) as seen:
            server = await seen.until_state(await rows(there.attach), "reachable")
            model = await rows(make_model, "Tiny Chat", path="/models/tiny-chat.gguf")
            await seen.until(lambda: server.models.filter(llama_model=model).exists(), "the link")
