"""Choosing a model and a preset, what that would take, and the start."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from engine_app.models import Engine, Preset
from tests.factories import make_model

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def page(client: Client, headers: dict[str, str] | None = None, **query: str | int) -> str:
    answer = client.get("/engines/start/", query, headers=headers or {})
    assert answer.status_code == 200
    return answer.content.decode()


def chosen(html: str) -> list[str]:
    return re.findall(r'<option value="(\d*)" selected', html)


def test_it_shows_the_plan_and_the_command_before_anything_starts(admin_client: Client) -> None:
    model = make_model("Qwen")
    html = page(admin_client, model=model.pk)
    assert chosen(html) == [str(model.pk)]
    assert "--ctx-size" in html
    assert re.search(r"It fits\.|There is no room|It is too big|without knowing", html)
    assert not Engine.objects.exists()


def test_the_search_narrows_the_models_and_keeps_the_choice(admin_client: Client) -> None:
    make_model("Alpha")
    beta, gamma = make_model("Beta turbo"), make_model("Gamma turbo")
    assert chosen(page(admin_client, find="turbo")) == [str(beta.pk)]
    assert chosen(page(admin_client, find="turbo", model=gamma.pk)) == [str(gamma.pk)]
    assert "Alpha" not in page(admin_client, find="turbo").split("<select", 2)[1]
    assert "No model that can be run" in page(admin_client, find="zzz\0")


def test_only_what_can_be_run_is_offered(admin_client: Client) -> None:
    make_model("Projector", kind="projector")
    make_model("Broken", state="invalid")
    make_model("Half", state="incomplete")
    make_model("Fine")
    html = page(admin_client)
    assert "Fine" in html
    assert not any(name in html for name in ("Projector", "Broken", "Half"))


def test_without_a_model_it_leads_to_the_folders(admin_client: Client) -> None:
    html = page(admin_client)
    assert "No model to start" in html and "/models/folders/" in html


def test_presets_are_those_of_the_model_and_of_any(admin_client: Client) -> None:
    model, other = make_model("Mine"), make_model("Other")
    own = Preset.objects.create(name="own", llama_model=model, options={"ctx-size": 512})
    Preset.objects.create(name="foreign", llama_model=other)
    Preset.objects.create(name="shared")
    html = page(admin_client, model=model.pk, preset=own.pk)
    assert "own" in html and "shared (any model)" in html and "foreign" not in html
    assert "</i> 512" in html


def test_an_answer_to_a_change_brings_the_lists_that_are_different(admin_client: Client) -> None:
    model, other = make_model("Mine"), make_model("Other")
    same: dict[str, str | int] = {"found": "", "listed": model.pk}
    html = page(admin_client, HTMX, model=model.pk, **same)
    assert html.startswith('<div id="answer"')
    assert 'id="model-choice"' not in html and 'id="preset-choice"' not in html
    assert 'id="preset-choice" hx-swap-oob' in page(admin_client, HTMX, model=other.pk, **same)
    narrowed = page(admin_client, HTMX, model=model.pk, find="Other", **same)
    assert 'id="model-choice" hx-swap-oob' in narrowed


@pytest.mark.parametrize("odd", ["x", "-1", "9" * 40, "²", "0"])
def test_odd_numbers_are_no_error(admin_client: Client, odd: str) -> None:
    model = make_model()
    assert chosen(page(admin_client, model=odd, preset=odd)) == [str(model.pk)]
    assert admin_client.post("/engines/start/", {"model": odd}).status_code == 404
    data = {"model": model.pk, "preset": odd}
    assert admin_client.post("/engines/start/", data).status_code == 404


def test_the_start_wants_an_engine_and_leads_to_it(admin_client: Client) -> None:
    model = make_model()
    preset = Preset.objects.create(name="p", llama_model=model)
    answer = admin_client.post("/engines/start/", {"model": model.pk, "preset": preset.pk})
    engine = Engine.objects.get()
    assert answer["Location"] == f"/engines/{engine.pk}/"
    assert (engine.llama_model, engine.preset, engine.desired) == (model, preset, "running")
    assert not engine.force
    admin_client.post("/engines/start/", {"model": model.pk, "preset": preset.pk, "force": "1"})
    assert Engine.objects.count() == 1


def test_who_knows_better_starts_whatever_memory_there_is(admin_client: Client) -> None:
    model = make_model(size_bytes=900 << 40, weights_bytes=900 << 40)
    html = page(admin_client, model=model.pk)
    assert 'name="force" value="1"' in html
    admin_client.post("/engines/start/", {"model": model.pk, "force": "1"})
    assert Engine.objects.get().force


def test_a_preset_of_another_model_is_refused_with_the_reason(admin_client: Client) -> None:
    preset = Preset.objects.create(name="p", llama_model=make_model())
    data = {"model": make_model().pk, "preset": preset.pk}
    answer = admin_client.post("/engines/start/", data, follow=True)
    assert "is for another model" in answer.content.decode()
    assert not Engine.objects.filter(desired="running").exists()


def test_unloading_stops_all_engines_of_the_model_and_no_other(admin_client: Client) -> None:
    model, other = make_model(), make_model()
    preset = Preset.objects.create(name="p")
    rows = [
        Engine.objects.create(
            llama_model=each, preset=with_preset, node=settings.NODE, desired="running"
        )
        for each, with_preset in ((model, None), (model, preset), (other, None))
    ]
    admin_client.post("/engines/unload/", {"model": model.pk})
    wanted = [Engine.objects.get(pk=row.pk).desired for row in rows]
    assert wanted == ["stopped", "stopped", "running"]
    answer = admin_client.post("/engines/unload/", {"model": model.pk}, follow=True)
    assert "is not loaded" in answer.content.decode()


def test_a_viewer_neither_looks_nor_starts(client: Client) -> None:
    client.force_login(User.objects.create_user("vera"))
    model = make_model()
    assert client.get("/engines/start/").status_code == 403
    assert client.post("/engines/start/", {"model": model.pk}).status_code == 403
    assert client.post("/engines/unload/", {"model": model.pk}).status_code == 403
    assert not Engine.objects.exists()
