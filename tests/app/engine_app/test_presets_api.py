"""The management API of presets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client

from engine_app.models import Engine, Preset
from engine_app.preset_editing import change, create
from engine_app.presets import allow_list
from tests.app.engine_app.option_values import rounds
from tests.factories import make_model

pytestmark = pytest.mark.django_db
ADDRESS = "/api/presets/"


@pytest.fixture
def staff(admin_client: Client) -> Client:
    return admin_client


def send(client: Client, method: str, address: str, data: dict[str, Any]) -> Any:
    answer = client.generic(method, address, json.dumps(data), content_type="application/json")
    return answer.status_code, answer.json() if answer.content else None


def test_a_preset_is_made_shown_changed_and_deleted(staff: Client) -> None:
    model = make_model("Coder", path="/srv/coder.gguf")
    status, made = send(
        staff, "POST", ADDRESS, {"name": "mine", "model": model.pk, "options": {"-c": 4096}}
    )
    assert (status, made["options"]) == (201, {"ctx-size": 4096})
    assert made["origin"] == {"ctx-size": "preset"}
    assert made["command"].startswith("llama-server -m /srv/coder.gguf --alias coder --host")
    address = f"{ADDRESS}{made['id']}/"
    assert staff.get(address).json() == made
    status, changed = send(staff, "PATCH", address, {"options": {"temp": 0.5}, "notes": "n"})
    assert (status, changed["options"], changed["notes"]) == (200, {"temp": 0.5}, "n")
    assert (changed["name"], changed["model"]) == ("mine", model.pk)
    assert changed["effective"] == {"ctx-size": 8192, "temp": 0.5}
    assert staff.delete(address).status_code == 204
    assert staff.get(address).status_code == 404


def test_the_list_holds_all_by_name(staff: Client) -> None:
    create({"name": "b"})
    create({"name": "a"})
    names = [each["name"] for each in staff.get(ADDRESS).json()["presets"]]
    assert names == ["*", "a", "b"]


def test_wrong_options_are_named(staff: Client) -> None:
    status, answer = send(
        staff, "POST", ADDRESS, {"name": "x", "options": {"tools": "all", "ctx-size": "x"}}
    )
    assert status == 422
    where = {tuple(each["where"]) for each in answer["error"]["detail"]}
    assert where == {("body", "options.tools"), ("body", "options.ctx-size")}


@pytest.mark.parametrize(
    "data",
    [
        {"name": "x", "color": "red"},
        {"name": "x", "options": {"ctx-size": [1]}},
        {"name": "x", "options": {"ctx-size": None}},
        {"name": "x", "model": 999},
        {"name": ""},
        {},
    ],
)
def test_unknown_and_wrong_fields_are_refused(staff: Client, data: dict[str, Any]) -> None:
    assert send(staff, "POST", ADDRESS, data)[0] == 422
    assert not Preset.objects.named().exists()


def test_the_defaults_and_a_preset_in_use_stay(staff: Client) -> None:
    preset = create({"name": "busy"})
    Engine.objects.create(llama_model=make_model(), preset=preset, node="x", state="ready")
    defaults = Preset.objects.get(name="*")
    for each in (preset, defaults):
        assert staff.delete(f"{ADDRESS}{each.pk}/").status_code == 409


def test_who_may_only_look_may_look(client: Client) -> None:
    preset = create({"name": "a"})
    client.force_login(User.objects.create_user("viewer"))
    assert client.get(f"{ADDRESS}{preset.pk}/").status_code == 200
    assert send(client, "POST", ADDRESS, {"name": "x"})[0] == 403


def test_a_preset_that_the_engine_would_refuse_says_why(staff: Client) -> None:
    preset = create({"name": "a", "options": {"cache-type-v": "q8_0"}})
    create_off = Preset.objects.filter(name="*")
    create_off.update(options={"flash-attn": "off"})
    found = staff.get(f"{ADDRESS}{preset.pk}/").json()
    assert found["command"] is None
    assert "flash attention" in found["problem"]


def test_large_ids_are_not_found(staff: Client) -> None:
    assert staff.get(f"{ADDRESS}{10**30}/").status_code == 404


def test_every_option_can_be_set_and_read(staff: Client, settings: LazySettings) -> None:
    settings.ALLOW_FLAGS = ["override-tensor", "chat-template-kwargs", "props"]
    draft, adapter = make_model("draft"), make_model("tone", kind="adapter")
    preset = create({"name": "x", "llama_model": make_model("Llama")})
    address = f"{ADDRESS}{preset.pk}/"
    for options in rounds(allow_list().flags, draft.pk, adapter.pk):
        status, changed = send(staff, "PATCH", address, {"options": options})
        assert (status, changed["options"]) == (200, options)
        assert staff.get(address).json()["options"] == options


def test_a_change_based_on_an_older_state_is_refused(staff: Client) -> None:
    preset = create({"name": "x", "options": {"temp": 0.1}})
    address = f"{ADDRESS}{preset.pk}/"
    tag = staff.get(address)["ETag"]
    body = json.dumps({"options": {"temp": 0.7}})

    def patch(tag: str) -> int:
        headers = {"If-Match": tag}
        kind = "application/json"
        return staff.patch(address, body, content_type=kind, headers=headers).status_code

    assert patch(f'"other", W/{tag}') == 200
    change(preset.pk, {"options": {"temp": 0.3}})
    assert patch(tag) == 412
    assert staff.delete(address, headers={"If-Match": tag}).status_code == 412
    assert Preset.objects.get(pk=preset.pk).options == {"temp": 0.3}
    assert patch("*") == 200
    assert (
        staff.delete(address, headers={"If-Match": staff.get(address)["ETag"]}).status_code == 204
    )
