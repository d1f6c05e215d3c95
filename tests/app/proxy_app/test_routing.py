"""Names for several models, profiles and rewrites: pages and API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models_app.models import LlamaModel
from proxy_app import routing_editing
from proxy_app.models import ModelRewrite, Profile, VirtualModel
from proxy_app.pages import routing_typed
from proxy_app.routing import read_rules
from proxy_app.routing_editing import RoutingError
from tests.factories import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> LlamaModel:
    return make_model()


@pytest.fixture
def name(model: LlamaModel) -> str:
    return model.name


def put(client: Client, path: str, said: Any, method: str = "PUT") -> Any:
    return client.generic(method, path, json.dumps(said), content_type="application/json")


# ---------------------------------------------------------------- pages
def test_the_page_is_there_for_everybody_who_is_logged_in(
    client: Client, django_user_model: Any
) -> None:
    client.force_login(django_user_model.objects.create_user("viewer"))
    html = client.get("/routing/").content.decode()
    assert "Names for several models" in html
    assert "New name" not in html


def test_a_name_is_made_changed_and_deleted(admin_client: Client, name: str) -> None:
    form = {"name": "fast", "members": f"{name}\n", "how": "loaded"}
    assert admin_client.post("/routing/names/new/", form).status_code == 302
    row = VirtualModel.objects.get()
    assert (row.name, row.members, row.how) == ("fast", [name], "loaded")
    form["how"] = "spill"
    assert admin_client.post(f"/routing/names/{row.pk}/", form).status_code == 302
    assert VirtualModel.objects.get().how == "spill"
    assert "fast" in admin_client.get("/routing/").content.decode()
    admin_client.post(f"/routing/names/{row.pk}/", {"action": "delete"})
    assert not VirtualModel.objects.exists()


def test_what_is_wrong_with_a_name_is_said_beside_its_field(admin_client: Client) -> None:
    form = {"name": "fast", "members": "no-such-model", "how": "loaded"}
    answer = admin_client.post("/routing/names/new/", form)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "There is no model &#x27;no-such-model&#x27;." in html
    assert 'aria-describedby="members-err' in html
    assert "no-such-model</textarea>" in html


def test_a_profile_is_made_and_activated_one_at_a_time(admin_client: Client, name: str) -> None:
    for number in (1, 2):
        form = {"name": f"p{number}", "description": "", "pins": f"gpt-{number} = {name}"}
        assert admin_client.post("/routing/profiles/new/", form).status_code == 302
    first, second = Profile.objects.all()
    admin_client.post("/routing/profiles/active/", {"profile": first.pk})
    admin_client.post("/routing/profiles/active/", {"profile": second.pk})
    assert read_rules().pins == {"gpt-2": name}
    admin_client.post("/routing/profiles/active/", {"profile": ""})
    assert read_rules().pins == {}


def test_a_model_s_rewrite_is_typed_as_text(admin_client: Client, model: LlamaModel) -> None:
    form = {
        "strip": "top_k, top_p",
        "default": '{"temperature": 0.5}',
        "set": "",
        "system_prefix": "Be kind.",
        "max_tokens": "100",
    }
    path = f"/routing/models/{model.pk}/"
    assert admin_client.post(path, form).status_code == 302
    row = ModelRewrite.objects.get()
    assert (row.strip, row.default, row.set) == (["top_k", "top_p"], {"temperature": 0.5}, {})
    assert (row.system_prefix, row.max_tokens) == ("Be kind.", 100)
    html = admin_client.get(path).content.decode()
    assert "top_k top_p" in html
    assert "Be kind." in admin_client.get(path).content.decode()
    empty = dict.fromkeys(form, "")
    assert admin_client.post(path, empty).status_code == 302
    assert not ModelRewrite.objects.exists()


@pytest.mark.parametrize(
    ("field", "text"),
    [("default", "{"), ("set", '{"model": "other"}'), ("max_tokens", "many"), ("strip", "stream")],
)
def test_what_cannot_be_changed_is_refused(
    admin_client: Client, model: LlamaModel, field: str, text: str
) -> None:
    answer = admin_client.post(f"/routing/models/{model.pk}/", {field: text})
    assert answer.status_code == 422
    assert not ModelRewrite.objects.exists()


def test_a_model_is_chosen_by_its_name(admin_client: Client, model: LlamaModel) -> None:
    answer = admin_client.get("/routing/models/", {"model": model.name})
    assert answer["Location"] == f"/routing/models/{model.pk}/"
    assert "There is no model" in admin_client.get("/routing/models/?model=x").content.decode()


@pytest.mark.parametrize(
    "path", ["/routing/names/new/", "/routing/profiles/new/", "/routing/profiles/active/"]
)
def test_who_is_no_member_of_the_staff_changes_nothing(
    client: Client, django_user_model: Any, path: str
) -> None:
    client.force_login(django_user_model.objects.create_user("viewer"))
    assert client.post(path, {}).status_code == 403


# ---------------------------------------------------------------- API
def test_the_api_makes_what_the_page_makes(admin_client: Client, model: LlamaModel) -> None:
    given = {"name": "fast", "members": [model.name], "how": "first"}
    made = put(admin_client, "/api/virtual-models/", given, "POST")
    assert made.status_code == 201
    number = made.json()["id"]
    again = put(admin_client, f"/api/virtual-models/{number}/", {**given, "how": "spill"})
    assert again.json()["how"] == "spill"
    assert len(admin_client.get("/api/virtual-models/").json()["virtual_models"]) == 1
    assert admin_client.delete(f"/api/virtual-models/{number}/").status_code == 204
    assert put(admin_client, f"/api/rewrites/{model.pk}/", {"max_tokens": 5}).status_code == 200
    [row] = admin_client.get("/api/rewrites/").json()["rewrites"]
    assert (row["model"], row["max_tokens"]) == (model.pk, 5)
    assert put(admin_client, f"/api/rewrites/{model.pk}/", {}).status_code == 204


def test_the_api_says_what_is_wrong_by_field(admin_client: Client) -> None:
    given = {"name": "", "members": ["nothing"], "how": "best"}
    answer = put(admin_client, "/api/virtual-models/", given, "POST")
    assert answer.status_code == 422
    where = {each["where"][-1] for each in answer.json()["error"]["detail"]}
    assert where == {"name", "members", "how"}


def test_a_name_that_a_model_has_is_not_given_to_several(admin_client: Client, name: str) -> None:
    given = {"name": name, "members": [name]}
    assert put(admin_client, "/api/virtual-models/", given, "POST").status_code == 422


def test_two_names_are_not_the_same(admin_client: Client, name: str) -> None:
    given = {"name": "fast", "members": [name]}
    assert put(admin_client, "/api/virtual-models/", given, "POST").status_code == 201
    assert put(admin_client, "/api/virtual-models/", given, "POST").status_code == 422


# ---------------------------------------------------------------- texts
@given(st.text(max_size=300))
def test_no_text_breaks_the_reader_of_pins(text: str) -> None:
    try:
        found = routing_typed.pins(text)
    except RoutingError as error:
        assert error.problems["pins"]
    else:
        assert routing_typed.pins(routing_typed.pins_text(found)) == found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(["strip", "default", "set", "system_prefix", "max_tokens"]),
        st.text(max_size=50) | st.sampled_from(['{"a": 1}', "[]", "-1", "1e9", '{"a": "\\u0000"}']),
    )
)
def test_no_form_breaks_a_rewrite(model: LlamaModel, form: dict[str, str]) -> None:
    try:
        routing_editing.save_rewrite(model, routing_typed.rewrite(form))
    except RoutingError as error:
        assert error.problems
