"""A router of our own: a real process that is started, adopted, ended, and followed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.db import IntegrityError
from django.test import Client as Browser

from engine_app import discovery
from engine_app.attached import control as attaching
from engine_app.attached import keys
from engine_app.attached.client import Client
from engine_app.attached.own import control, draining, launching, records
from engine_app.attached.own.control import RouterRefused
from engine_app.attached.own.keeping import Keeper
from engine_app.attached.own.offer import why_none
from engine_app.core.server_address import Address
from engine_app.log_names import router_names
from engine_app.models import AttachedModel, AttachedServer, EngineBinary, OwnRouter, Preset
from engine_app.running import identity, ports
from engine_app.running.patience import Patience
from engine_app.running.programs import Programs
from engine_app.running.rows import rows
from logs_app.tail import last_lines
from models_app.models import LlamaModel
from tests.factories import make_model
from tests.fakes.attached import PROGRAM, followed, running
from tests.fakes.supervised import HASTY, Orders, demo_model

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def orders(tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Orders:
    """The llama-server of this test, the only one here, is the one that can be a router."""
    found = Orders(tmp_path / "orders")
    settings.LLAMA_SERVER_BIN = f"{sys.executable} {PROGRAM} {found.path}"
    first = discovery.candidates()[:1]
    monkeypatch.setattr(discovery, "candidates", lambda: first)
    return found


def prepare(folder: Path) -> LlamaModel:
    """A model with a preset, and programs that were asked what they can."""
    model = model_with_preset(folder)
    questions = discovery.questions(discovery.candidates())
    discovery.register([(each, discovery.answer(each)) for each in questions])
    return model


def model_with_preset(folder: Path) -> LlamaModel:
    model = demo_model(folder / "models")
    Preset.objects.create(name="small", llama_model=model, options={"ctx-size": 512})
    return model


class Kept:
    """Steps the keeper as the agent does."""

    def __init__(self, patience: Patience) -> None:
        self.events: list[dict[str, Any]] = []
        self.patience = patience
        node, ports = django_settings.NODE, django_settings.PORT_RANGE
        self.keeper = Keeper(node, ports, self._told, Programs(), lambda: self.patience)

    def _told(self, topic: str, name: str, data: dict[str, Any]) -> None:
        self.events.append(data)

    async def until(self, condition: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
        end = asyncio.get_running_loop().time() + seconds
        while True:
            await self.keeper.step()
            if found := await rows(condition):
                return found
            now = asyncio.get_running_loop().time()
            assert now < end, f"waited {seconds:.0f} s in vain for: {what}"
            await asyncio.sleep(0.02)

    async def until_state(self, state: str) -> OwnRouter:
        def reached() -> OwnRouter | None:
            return OwnRouter.objects.filter(state=state).first()

        found: OwnRouter = await self.until(reached, f"the router to be {state}")
        return found


@asynccontextmanager
async def kept(*, keep: bool = False, patience: Patience = HASTY) -> AsyncIterator[Kept]:
    found = Kept(patience)
    await found.keeper.begin()
    try:
        yield found
    finally:
        await found.keeper.end(keep=keep)


def processes() -> list[psutil.Process]:
    """All that carry the mark of our router."""
    mark = launching.mark()
    return [each for each in psutil.process_iter() if identity.mark(each.pid) == mark]


async def test_a_router_starts_from_presets_and_appears_with_its_models(
    tmp_path: Path, orders: Orders
) -> None:
    model = await rows(prepare, tmp_path)
    async with kept() as seen, followed() as following:
        await rows(control.start, 2)
        router = await seen.until_state("ready")
        server = await rows(AttachedServer.objects.get)
        assert (server.managed, server.enabled, server.port) == (True, True, router.port)
        await following.until_state(server, "reachable")
        found = await following.until_model(server, "small", "unloaded")
        assert (found.path, found.llama_model_id) == (model.path, model.pk)
        assert found.context == 512
        assert "--models-max" in router.argv and "2" in router.argv
    assert not processes()
    router = await rows(OwnRouter.objects.get)
    assert (router.state, router.reason) == ("stopped", "was stopped together with llamadash")


async def test_its_key_is_in_no_command_line_and_it_asks_for_it(
    tmp_path: Path, orders: Orders
) -> None:
    await rows(prepare, tmp_path)
    async with kept() as seen, followed() as following:
        await rows(control.start, 4)
        router = await seen.until_state("ready")
        server = await rows(AttachedServer.objects.get)
        key = keys.key_of(server.pk)
        assert len(key) > 30
        assert all(key not in word for word in psutil.Process(router.pid).cmdline())
        await following.until_state(server, "reachable")
        keys.write(server.pk, "another")
        await rows(AttachedServer.objects.update, generation=99)
        await following.until_state(server, "refused")


async def test_a_stop_ends_it_and_switches_its_server_off(tmp_path: Path, orders: Orders) -> None:
    await rows(prepare, tmp_path)
    async with kept() as seen:
        await rows(control.start, 4)
        await seen.until_state("ready")
        await rows(control.stop)
        router = await seen.until_state("stopped")
        assert (router.reason, router.pid) == ("was stopped as asked", None)
        assert not processes()
        assert not (await rows(AttachedServer.objects.get)).enabled


async def test_a_stop_waits_for_what_its_models_answer_as_long_as_is_set_then(
    tmp_path: Path, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "LOOK_SECONDS", 0.05)
    await rows(prepare, tmp_path)
    async with kept(patience=replace(HASTY, drain=0.0)) as seen, followed() as following:
        await rows(control.start, 4)
        router = await seen.until_state("ready")
        server = await rows(AttachedServer.objects.get)
        await following.until_model(server, "small", "unloaded")
        await rows(attaching.load, server, "small")
        await following.until_model(server, "small", "loaded")
        orders.give("busy small")
        seen.patience = replace(HASTY, drain=600.0)  # set after its start
        await rows(control.stop)

        def asked() -> bool:
            return sum("small is busy" in line for line in last_lines(router.source, 50)) > 2

        await seen.until(asked, "several looks whether it is busy")
        assert (await rows(OwnRouter.objects.get)).state == "stopping"
        assert [each.pid for each in processes()] == [router.pid]
        orders.give()
        assert (await seen.until_state("stopped")).reason == "was stopped as asked"


async def test_only_models_that_are_awake_are_asked_whether_they_are_busy(tmp_path: Path) -> None:
    with running(tmp_path, "model a", "busy a") as there:
        async with Client(Address("http", "127.0.0.1", there.port)) as client:
            assert not await draining.may_be_busy(client)
            assert (await client.get("/slots", {"model": "a"})).is_ok  # which loads it
            assert await draining.may_be_busy(client)
            there.add("status 501 /slots")
            assert await draining.may_be_busy(client)  # as long as it does not say
            there.add("asleep a")
            assert not await draining.may_be_busy(client)


async def test_a_second_start_is_another_process_with_the_presets_of_now(
    tmp_path: Path, orders: Orders
) -> None:
    model = await rows(prepare, tmp_path)
    async with kept() as seen:
        await rows(control.start, 4)
        first = await seen.until_state("ready")
        await rows(Preset.objects.create, name="large", llama_model=model)
        await rows(control.start, 4)

        def another() -> OwnRouter | None:
            return OwnRouter.objects.filter(state="ready").exclude(pid=first.pid).first()

        second = await seen.until(another, "another process")
        assert second.n_presets == 2
        assert await rows(AttachedServer.objects.count) == 1
        assert len(processes()) == 1


async def test_one_that_dies_is_started_again(tmp_path: Path, orders: Orders) -> None:
    await rows(prepare, tmp_path)
    async with kept() as seen:
        await rows(control.start, 4)
        first = await seen.until_state("ready")
        os.kill(first.pid or 0, signal.SIGKILL)
        failed = await seen.until_state("failed")
        assert "SIGKILL" in failed.reason and failed.retry_at is not None
        second = await seen.until_state("ready")
        assert second.pid != first.pid


async def test_one_that_hangs_is_ended_and_started_again(tmp_path: Path, orders: Orders) -> None:
    await rows(prepare, tmp_path)
    async with kept() as seen:
        await rows(control.start, 4)
        await seen.until_state("ready")
        orders.give("hang ")
        failed = await seen.until_state("failed")
        assert failed.reason == "did not answer any more and was ended"
        orders.give()
        await seen.until_state("ready")


async def test_a_deaf_one_is_killed(tmp_path: Path, orders: Orders) -> None:
    orders.give("deaf")
    await rows(prepare, tmp_path)
    async with kept() as seen:
        await rows(control.start, 4)
        await seen.until_state("ready")
        await rows(control.stop)
        await seen.until_state("stopped")
    assert not processes()


async def test_why_it_cannot_start_is_said_and_what_cannot_help_is_not_repeated(
    tmp_path: Path, orders: Orders
) -> None:
    orders.give("print error: invalid argument: --models-preset", "exit 1")
    await rows(prepare, tmp_path)
    async with kept() as seen:
        await rows(control.start, 4)
        failed = await seen.until_state("failed")
    assert failed.reason == "does not know the option --models-preset"
    assert failed.retry_at is None


async def test_one_that_is_wanted_before_its_program_was_asked_starts(
    tmp_path: Path, orders: Orders
) -> None:
    await rows(model_with_preset, tmp_path)
    await rows(OwnRouter.objects.create, node=django_settings.NODE, desired="running", generation=1)
    async with kept() as seen:
        await seen.until_state("ready")


async def test_the_port_of_an_attached_server_is_left_to_it(tmp_path: Path, orders: Orders) -> None:
    await rows(prepare, tmp_path)
    first = ports.free_port(django_settings.PORT_RANGE, ())
    away = attaching.Wanted("away", Address("http", "127.0.0.1", first), enabled=False)
    await rows(attaching.attach, away)
    async with kept() as seen:
        await rows(control.start, 4)
        router = await seen.until_state("ready")
        assert router.port not in (None, first)


async def test_what_fails_ends_the_router_alone_and_is_tried_again(
    tmp_path: Path, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise IntegrityError

    await rows(prepare, tmp_path)
    async with kept() as seen:
        for place, reason in (
            ("shown_as", "could not be looked after: IntegrityError"),
            ("ready", "was ended because its supervision failed"),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(records, place, fails)
                await rows(control.start, 4)
                failed = await seen.until_state("failed")
                assert failed.reason == reason and failed.retry_at is not None
            assert not processes()
            await seen.until_state("ready")


async def test_a_successor_takes_it_over(tmp_path: Path, orders: Orders) -> None:
    await rows(prepare, tmp_path)
    async with kept(keep=True) as seen:
        await rows(control.start, 4)
        first = await seen.until_state("ready")
    async with kept() as seen:
        router = await seen.until_state("ready")
        assert router.pid == first.pid and len(processes()) == 1
        await rows(control.stop)
        await seen.until_state("stopped")
    assert not processes()


async def test_a_stranger_under_its_number_is_left_alone(tmp_path: Path, orders: Orders) -> None:
    await rows(prepare, tmp_path)
    async with kept(keep=True) as seen:
        await rows(control.start, 4)
        await seen.until_state("ready")
    (left,) = processes()
    await rows(OwnRouter.objects.update, pid=os.getpid())
    async with kept() as seen:
        router = await seen.until_state("ready")
        assert router.pid not in (left.pid, os.getpid())
        assert [each.pid for each in processes()] == [router.pid]


async def test_a_damaged_model_is_left_out_with_the_reason(tmp_path: Path, orders: Orders) -> None:
    await rows(prepare, tmp_path)
    other = await rows(demo_model, tmp_path / "other", "tiny-embed")
    os.truncate(other.path, 200_000)
    await rows(Preset.objects.create, name="cut", llama_model=other)
    async with kept() as seen:
        await rows(control.start, 4)
        router = await seen.until_state("ready")
    assert router.n_presets == 1
    assert [what for what, _ in router.left_out] == ["cut"]
    assert "[cut]" not in (launching.folder() / "models.ini").read_text()


async def test_its_log_is_kept_and_names_its_models(tmp_path: Path, orders: Orders) -> None:
    await rows(prepare, tmp_path)
    async with kept() as seen:
        await rows(control.start, 4)
        router = await seen.until_state("ready")

        def listens() -> bool:
            return any("listening on" in line for line in last_lines(router.source, 20))

        await seen.until(listens, "its lines")
        server = await rows(AttachedServer.objects.get)
        await rows(AttachedModel.objects.create, server=server, model_id="small", child_port=41_001)
        named = await rows(router_names, [router.source])
    assert named[router.source].note == "[41001] small"


# ---------------------------------------------------------------- where there is none
@pytest.mark.django_db
def test_the_embedded_engine_is_not_offered_and_the_reason_is(admin_client: Browser) -> None:
    EngineBinary.objects.create(
        key="e", program=["python"], kind="embedded", help_text="--models-preset PATH  file\n"
    )
    assert "no router mode" in why_none()
    page = admin_client.get("/engines/router/").content.decode()
    assert "no router mode" in page and "Start the router" not in page
    with pytest.raises(RouterRefused, match="no router mode"):
        control.start(4)


@pytest.mark.django_db
def test_an_older_program_is_named_as_the_reason() -> None:
    EngineBinary.objects.create(key="o", program=["llama-server"], help_text="--port PORT  port\n")
    assert "--models-preset" in why_none()


@pytest.mark.django_db
def test_the_page_starts_and_stops_it(admin_client: Browser) -> None:
    EngineBinary.objects.create(
        key="r", program=["llama-server"], help_text="--models-preset PATH   file\n"
    )
    assert "there is none yet" in admin_client.get("/engines/router/").content.decode()
    Preset.objects.create(name="p", llama_model=make_model())
    assert "Start the router" in admin_client.get("/engines/router/").content.decode()
    for wrong in ("", "many", "-1", "17", "1e3"):
        answer = admin_client.post("/engines/router/start/", {"most_loaded": wrong})
        assert answer.status_code == 422 and not OwnRouter.objects.filter(desired="running")
    assert admin_client.post("/engines/router/start/", {"most_loaded": "3"}).status_code == 302
    router = OwnRouter.objects.get()
    assert (router.desired, router.most_loaded) == ("running", 3)
    assert "start wanted" in admin_client.get("/engines/router/").content.decode()
    assert admin_client.post("/engines/router/stop/").status_code == 302
    assert OwnRouter.objects.get().desired == "stopped"
