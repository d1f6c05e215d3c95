from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from engine_app import control
from engine_app.api.engine_schemas import EngineDetail, EngineList
from engine_app.models import Engine, EngineRun, Preset
from tests.factories import make_model

pytestmark = pytest.mark.django_db


def send(
    client: Client, address: str, body: Any = None, status: int = 202, method: str = "post"
) -> Any:
    data = json.dumps({} if body is None else body)
    response = getattr(client, method)(address, data, content_type="application/json")
    assert response.status_code == status, response.content
    return response.json()


def test_a_model_is_started(admin_client: Client) -> None:
    model, preset = make_model("Tiny"), Preset.objects.create(name="p")
    answer = send(admin_client, "/api/engines/", {"model": model.pk, "preset": preset.pk})
    EngineDetail.model_validate(answer)
    assert (answer["model_name"], answer["preset"]) == ("Tiny", preset.pk)
    assert (answer["desired"], answer["state"], answer["runs"]) == ("running", "stopped", [])


def test_engines_are_listed_and_shown_with_their_lives(admin_client: Client) -> None:
    engine = control.start(make_model())
    run = EngineRun.objects.create(engine=engine, generation=1, argv=["llama-server"], exit_code=1)
    listed = admin_client.get("/api/engines/").json()
    EngineList.model_validate(listed)
    assert [row["id"] for row in listed["engines"]] == [engine.pk]
    shown = admin_client.get(f"/api/engines/{engine.pk}/").json()
    EngineDetail.model_validate(shown)
    assert [(each["id"], each["exit_code"]) for each in shown["runs"]] == [(run.pk, 1)]


def test_an_engine_is_stopped_started_and_restarted(admin_client: Client) -> None:
    engine = control.start(make_model())
    address = f"/api/engines/{engine.pk}"
    assert send(admin_client, f"{address}/stop/")["desired"] == "stopped"
    assert send(admin_client, f"{address}/start/")["desired"] == "running"
    before = Engine.objects.get().generation
    assert send(admin_client, f"{address}/restart/")["desired"] == "running"
    assert Engine.objects.get().generation == before + 1


def test_what_can_be_set_is_set(admin_client: Client) -> None:
    engine = control.start(make_model())
    values = {"pinned": True, "preload": True, "idle_ttl_seconds": 60}
    answer = send(admin_client, f"/api/engines/{engine.pk}/", values, 200, "patch")
    assert {name: answer[name] for name in values} == values


@pytest.mark.parametrize(
    "body",
    [
        {"pinned": None},
        {"pinned": "yes"},
        {"idle_ttl_seconds": -1},
        {"idle_ttl_seconds": 10**9},
        {"state": "ready"},
        {"pid": 1},
    ],
)
def test_nothing_else_is_set(admin_client: Client, body: dict[str, Any]) -> None:
    engine = control.start(make_model())
    send(admin_client, f"/api/engines/{engine.pk}/", body, 422, "patch")


@pytest.mark.parametrize(
    "body", [{}, {"model": 99}, {"model": "1"}, {"model": 10**30}, {"model": 1, "argv": ["-x"]}]
)
def test_a_wrong_request_is_refused(admin_client: Client, body: dict[str, Any]) -> None:
    make_model(id=1)
    assert send(admin_client, "/api/engines/", body, 422)["error"]["code"] == "invalid"
    assert not Engine.objects.exists()


def test_a_model_that_cannot_be_loaded_is_a_conflict(admin_client: Client) -> None:
    model = make_model(state="invalid", reason="not a GGUF file")
    error = send(admin_client, "/api/engines/", {"model": model.pk}, 409)["error"]
    assert error["code"] == "conflict" and "not a GGUF file" in error["message"]


@pytest.mark.parametrize("number", [5, 10**30])
def test_an_engine_that_is_not_there_is_not_found(admin_client: Client, number: int) -> None:
    assert admin_client.get(f"/api/engines/{number}/").status_code == 404
    send(admin_client, f"/api/engines/{number}/start/", status=404)


def test_a_viewer_may_only_look(client: Client) -> None:
    engine = control.start(make_model())
    client.force_login(User.objects.create_user("vi"))
    for verb in ("start", "stop", "restart"):
        send(client, f"/api/engines/{engine.pk}/{verb}/", status=403)
    send(client, "/api/engines/", {"model": engine.llama_model_id}, 403)
    send(client, f"/api/engines/{engine.pk}/", {"pinned": True}, 403, "patch")
    assert client.get("/api/engines/").status_code == 200


def test_an_unknown_field_of_the_address_is_refused(admin_client: Client) -> None:
    assert admin_client.get("/api/engines/?state=ready").status_code == 422


def test_another_site_cannot_start_an_engine(admin_user: User) -> None:
    model = make_model()
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    send(client, "/api/engines/", {"model": model.pk}, 403)
    assert not Engine.objects.exists()


def test_a_viewer_sees_no_secret_of_a_command(client: Client) -> None:
    engine = control.start(make_model())
    argv = ["llama-server", "--hf-token", "geheim"]
    EngineRun.objects.create(engine=engine, generation=1, argv=argv)
    client.force_login(User.objects.create_user("looker"))
    answer = client.get(f"/api/engines/{engine.pk}/")
    assert answer.json()["runs"][0]["argv"][1] == "--hf-token"
    assert b"geheim" not in answer.content
