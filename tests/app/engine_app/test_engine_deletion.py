"""Rows of engines that go, by themselves or with what they belong to."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError
from django.test import Client

from engine_app import leavings
from engine_app.models import Engine, Preset
from engine_app.preset_editing import PresetError, create, remove
from engine_app.running import key_files
from engine_app.running.rows import rows
from logs_app import folders, lifecycle
from models_app.models import LlamaModel, ModelRoot
from tests.fakes.supervised import Orders, processes_of_engines, supervised

pytestmark = pytest.mark.django_db


def make_engine(model: LlamaModel, state: str = "ready", preset: Preset | None = None) -> Engine:
    return Engine.objects.create(
        llama_model=model, preset=preset, node=settings.NODE, state=state, desired="running"
    )


@pytest.mark.parametrize("state", ["starting", "loading", "ready", "sleeping", "stopping"])
def test_an_engine_with_a_process_is_not_deleted(tiny: LlamaModel, state: str) -> None:
    engine = make_engine(tiny, state)
    with pytest.raises(ProtectedError, match="stop it first"), transaction.atomic():
        engine.delete()
    with pytest.raises(ProtectedError), transaction.atomic():
        Engine.objects.all().delete()
    assert Engine.objects.filter(pk=engine.pk).exists()


def test_what_the_row_says_now_counts(tiny: LlamaModel) -> None:
    stale = make_engine(tiny, "stopped")
    Engine.objects.update(state="ready")
    with pytest.raises(ProtectedError), transaction.atomic():
        stale.delete()


@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_an_engine_at_rest_is_deleted(tiny: LlamaModel, state: str) -> None:
    make_engine(tiny, state).delete()
    assert not Engine.objects.exists()


def test_a_preset_in_use_stays_and_the_page_says_why(
    admin_client: Client, tiny: LlamaModel
) -> None:
    preset = create({"name": "small", "llama_model": tiny})
    make_engine(tiny, preset=preset)
    with pytest.raises(PresetError, match="stop it first"):
        remove(preset)
    answer = admin_client.post(f"/presets/{preset.pk}/delete/", follow=True)
    assert "stop it first" in answer.content.decode()
    assert Preset.objects.filter(pk=preset.pk).exists()
    assert Engine.objects.filter(preset=preset).exists()


def test_the_api_refuses_to_delete_a_preset_in_use(admin_client: Client, tiny: LlamaModel) -> None:
    preset = create({"name": "small", "llama_model": tiny})
    make_engine(tiny, preset=preset)
    answer = admin_client.delete(f"/api/presets/{preset.pk}/")
    assert answer.status_code == 409
    assert "stop it first" in answer.json()["error"]["message"]
    assert Preset.objects.filter(pk=preset.pk).exists()


def test_a_folder_whose_model_runs_stays(admin_client: Client, tiny: LlamaModel) -> None:
    make_engine(tiny)
    answer = admin_client.post(
        f"/models/folders/{tiny.root_id}/", {"action": "remove", "sure": "yes"}, follow=True
    )
    assert "The engine of tiny-chat runs: stop it first." in answer.content.decode()
    assert ModelRoot.objects.filter(pk=tiny.root_id).exists()
    assert LlamaModel.objects.filter(pk=tiny.pk).exists()


def test_a_missing_model_that_runs_still_stays(admin_client: Client, tiny: LlamaModel) -> None:
    make_engine(tiny)
    LlamaModel.objects.filter(pk=tiny.pk).update(state="missing")
    answer = admin_client.post(f"/models/{tiny.pk}/remove/", follow=True)
    assert "stop it first" in answer.content.decode()
    assert LlamaModel.objects.filter(pk=tiny.pk).exists()


@pytest.mark.parametrize("kind", ["llamamodel", "modelroot"])
def test_the_admin_refuses_in_words(admin_client: Client, tiny: LlamaModel, kind: str) -> None:
    make_engine(tiny)
    number = tiny.pk if kind == "llamamodel" else tiny.root_id
    one = f"/admin/models_app/{kind}/{number}/delete/"
    answer = admin_client.post(one, {"post": "yes"}, follow=True)
    assert "stop it first" in answer.content.decode()
    chosen = {"action": "delete_selected", "_selected_action": [number], "post": "yes"}
    answer = admin_client.post(f"/admin/models_app/{kind}/", chosen, follow=True)
    assert "stop it first" in answer.content.decode()
    assert LlamaModel.objects.filter(pk=tiny.pk).exists()


@pytest.mark.parametrize("how", ["engine", "model", "preset"])
@pytest.mark.django_db(transaction=True)
def test_key_and_log_go_with_the_row(tiny: LlamaModel, how: str) -> None:
    preset = create({"name": "small", "llama_model": tiny})
    engine = make_engine(tiny, "stopped", preset)
    key_files.new_key(engine.pk)
    lifecycle.note(engine.source, "info", "a word")
    {"engine": engine, "model": tiny, "preset": preset}[how].delete()
    assert not key_files.folder(engine.pk).exists()
    assert engine.source not in folders.sources()


def leave(engine_id: int, *, days: float) -> tuple[Path, Path]:
    key_files.new_key(engine_id)
    lifecycle.note(f"engine.{engine_id}", "info", "a word")
    left = key_files.folder(engine_id), folders.folder(f"engine.{engine_id}")
    at = time.time() - days * 86_400
    for folder in left:
        for path in (*folder.iterdir(), folder):
            os.utime(path, (at, at))
    return left


def test_what_engines_left_that_are_no_more_is_swept_up(tiny: LlamaModel) -> None:
    there = leave(make_engine(tiny).pk, days=9)
    gone, fresh = leave(990, days=2), leave(991, days=0.1)
    lifecycle.note("app", "info", "a word")
    assert leavings.sweep() == 1
    assert not any(path.exists() for path in gone)
    assert all(path.exists() for path in (*there, *fresh))
    assert "app" in folders.sources()
    leavings.clear(991)


@pytest.mark.django_db(transaction=True)
async def test_a_running_engine_survives_the_wish_to_delete_its_preset(
    tiny: LlamaModel, orders: Orders
) -> None:
    async with supervised() as found:
        preset = await rows(create, {"name": "small", "llama_model": tiny})
        engine = await rows(lambda: make_engine(tiny, "stopped", preset))
        await found.until_state(engine, "ready")
        with pytest.raises(PresetError, match="stop it first"):
            await rows(remove, preset)
        assert len(processes_of_engines()) == 1
        await found.stop(engine)
        await rows(remove, preset)
        await found.step()
        assert not processes_of_engines()
        assert engine.source not in folders.sources()
