from __future__ import annotations

import pytest
from django.apps import apps
from django.test import Client

from models_app.models import LlamaModel, ModelAlias, RegistryVersion, ScanRun
from tests.factories import make_model

pytestmark = pytest.mark.django_db
TABLES = ("llamamodel", "modelfile", "modelroot", "modelalias", "scanrun")


@pytest.fixture
def model() -> LlamaModel:
    model = make_model("Llama 3.1 8B")
    ModelAlias.objects.create(name="fast", llama_model=model)
    ScanRun.objects.create(state="done", errors=[{"path": "/x", "kind": "y", "message": "z"}])
    return model


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_listed_searched_and_opened(admin_client: Client, table: str) -> None:
    top = f"/admin/models_app/{table}/"
    assert admin_client.get(f"{top}?q=a").status_code == 200
    rows = apps.get_model("models_app", table)._default_manager
    assert admin_client.get(f"{top}{rows.get().pk}/change/").status_code == 200


@pytest.mark.parametrize("table", ["llamamodel", "modelfile", "modelroot", "scanrun"])
def test_what_scans_find_cannot_be_added(admin_client: Client, table: str) -> None:
    assert admin_client.get(f"/admin/models_app/{table}/add/").status_code == 403


def test_facts_are_shown_and_not_asked_for(admin_client: Client, model: LlamaModel) -> None:
    html = admin_client.get(f"/admin/models_app/llamamodel/{model.pk}/change/").content.decode()
    for name in ("name", "path", "architecture", "parameters", "state", "facts"):
        assert f'name="{name}"' not in html, name
    for name in ("favourite", "hidden", "notes", "tags"):
        assert f'name="{name}"' in html, name


def test_a_change_raises_the_version_and_is_found(admin_client: Client, model: LlamaModel) -> None:
    before = RegistryVersion.current()
    data = {
        "favourite": "on",
        "notes": "mine",
        "tags": '["blue"]',
        "aliases-TOTAL_FORMS": "0",
        "aliases-INITIAL_FORMS": "0",
    }
    admin_client.post(f"/admin/models_app/llamamodel/{model.pk}/change/", data)
    model.refresh_from_db()
    assert (model.favourite, model.notes, model.tags) == (True, "mine", ["blue"])
    assert LlamaModel.objects.matching("blue").count() == 1
    assert RegistryVersion.current() != before


@pytest.mark.usefixtures("model")
def test_a_scan_can_be_read_only(admin_client: Client) -> None:
    run = ScanRun.objects.get()
    address = f"/admin/models_app/scanrun/{run.pk}"
    assert admin_client.post(f"{address}/change/", {"state": "failed"}).status_code == 403
    assert admin_client.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    assert ScanRun.objects.get().state == "done"


def test_deleting_a_model_raises_the_version(admin_client: Client, model: LlamaModel) -> None:
    before = RegistryVersion.current()
    admin_client.post(f"/admin/models_app/llamamodel/{model.pk}/delete/", {"post": "yes"})
    assert not LlamaModel.objects.exists()
    assert RegistryVersion.current() != before


WRONG_TAGS = [
    "[1,2]", '[["x"]]', "5", '{"a":1}', '"str"', f'["{"x" * 500}"]', '["a,b"]', "[null]", "[",
]  # fmt: skip
NO_ALIASES = {"aliases-TOTAL_FORMS": "0", "aliases-INITIAL_FORMS": "0"}


@pytest.mark.parametrize("tags", WRONG_TAGS)
def test_tags_are_checked_as_everywhere(admin_client: Client, model: LlamaModel, tags: str) -> None:
    data = {"tags": tags, "notes": "", **NO_ALIASES}
    response = admin_client.post(f"/admin/models_app/llamamodel/{model.pk}/change/", data)
    assert response.status_code == 200 and "errorlist" in response.content.decode()
    model.refresh_from_db()
    assert model.tags == []


@pytest.mark.parametrize("tags", ["", "null", "[]"])
def test_no_tags_are_an_empty_list(admin_client: Client, model: LlamaModel, tags: str) -> None:
    data = {"tags": tags, "notes": "", **NO_ALIASES}
    admin_client.post(f"/admin/models_app/llamamodel/{model.pk}/change/", data)
    model.refresh_from_db()
    assert model.tags == []


@pytest.mark.parametrize("name", ["FAST", "the other", "a,b"])
def test_a_taken_name_is_refused_here_too(
    admin_client: Client, model: LlamaModel, name: str
) -> None:
    other = make_model("The Other")
    third = make_model("third")
    assert other.pk != third.pk
    data = {"name": name, "llama_model": third.pk}
    response = admin_client.post("/admin/models_app/modelalias/add/", data)
    assert response.status_code == 200 and "errorlist" in response.content.decode()
    assert ModelAlias.objects.count() == 1
