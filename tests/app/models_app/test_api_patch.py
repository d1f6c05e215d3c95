from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from models_app.models import LlamaModel, ModelAlias, RegistryVersion
from tests.factories import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> LlamaModel:
    return make_model("a", files=False)


def patch(client: Client, model: LlamaModel, body: Any, status: int = 200) -> Any:
    response = client.patch(
        f"/api/models/{model.pk}/", json.dumps(body), content_type="application/json"
    )
    assert response.status_code == status, response.content
    return response.json()


def test_all_that_people_write_can_be_changed(admin_client: Client, model: LlamaModel) -> None:
    body = {
        "favourite": True,
        "hidden": True,
        "notes": "mine",
        "tags": ["work", "blue"],
        "aliases": ["fast", "org/model:7b"],
    }
    answer = patch(admin_client, model, body)
    assert {name: answer[name] for name in body} == body


def test_what_is_left_out_stays(admin_client: Client, model: LlamaModel) -> None:
    patch(admin_client, model, {"notes": "mine", "favourite": True})
    patch(admin_client, model, {"favourite": False})
    model.refresh_from_db()
    assert (model.favourite, model.notes) == (False, "mine")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "other"}, "name"),
        ({"state": "ok"}, "state"),
        ({"favourite": "yes"}, "favourite"),
        ({"favourite": None}, "favourite"),
        ({"notes": 5}, "notes"),
        ({"notes": "x" * 20_001}, "notes"),
        ({"tags": "work"}, "tags"),
        ({"tags": [""]}, "tags"),
        ({"tags": ["x" * 65]}, "tags"),
        ({"tags": [str(n) for n in range(33)]}, "tags"),
        ({"aliases": ["x" * 201]}, "aliases"),
        ({"aliases": ["a\u202eb"]}, "aliases"),
        ({"aliases": ["a,b"]}, "aliases"),
        ({"aliases": ["Fast", "fast"]}, "aliases"),
        ({"tags": ["a,b"]}, "tags"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_changes(
    admin_client: Client, model: LlamaModel, body: dict[str, Any], field: str
) -> None:
    before = RegistryVersion.current()
    error = patch(admin_client, model, {"notes": "mine", **body}, 422)["error"]
    assert field in error["detail"][0]["where"]
    model.refresh_from_db()
    assert model.notes == ""
    assert RegistryVersion.current() == before


def test_a_name_belongs_to_one_model(admin_client: Client, model: LlamaModel) -> None:
    other = make_model("the other", files=False)
    patch(admin_client, model, {"aliases": ["fast"]})
    error = patch(admin_client, other, {"aliases": ["slow", "fast"], "notes": "x"}, 422)["error"]
    assert error["detail"][0]["message"] == "“fast” is a name of a already."
    other.refresh_from_db()
    assert other.notes == ""
    assert list(ModelAlias.objects.values_list("name", flat=True)) == ["fast"]


def test_names_can_be_swapped_out(admin_client: Client, model: LlamaModel) -> None:
    patch(admin_client, model, {"aliases": ["one", "two"]})
    assert patch(admin_client, model, {"aliases": ["two", "three"]})["aliases"] == ["three", "two"]
    assert patch(admin_client, model, {"aliases": []})["aliases"] == []


def test_tags_are_found_by_the_search(admin_client: Client, model: LlamaModel) -> None:
    patch(admin_client, model, {"tags": ["Blue  Sky"]})
    assert LlamaModel.objects.matching("blue sky").count() == 1


def test_no_difference_raises_no_version(admin_client: Client, model: LlamaModel) -> None:
    patch(admin_client, model, {"tags": ["x"], "aliases": ["y"]})
    before = RegistryVersion.current()
    patch(admin_client, model, {"tags": ["x"], "aliases": ["y"], "favourite": False})
    assert RegistryVersion.current() == before


def test_a_viewer_may_not(client: Client, model: LlamaModel) -> None:
    client.force_login(User.objects.create_user("vi"))
    error = patch(client, model, {"notes": "x"}, 403)["error"]
    assert error["code"] == "forbidden"
    assert "staff status may change models" in error["message"]


def test_a_request_of_another_site_is_refused(model: LlamaModel) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("ada"))
    response = client.patch(
        f"/api/models/{model.pk}/", '{"notes":"x"}', content_type="application/json"
    )
    assert response.status_code == 403


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"tags":[1e999]}', "\x00"])
def test_a_damaged_body_is_refused(admin_client: Client, model: LlamaModel, body: str) -> None:
    response = admin_client.patch(f"/api/models/{model.pk}/", body, content_type="application/json")
    assert response.status_code in (400, 422)
    assert response.json()["error"]["message"]
