from __future__ import annotations

import re

import pytest
from django.db.models import JSONField, Value
from django.test import Client

from models_app.models import LlamaModel, ModelAlias
from tests.factories import METADATA, make_file, make_model

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7|add:7 }}{% now "Y" %}'


def page(client: Client, model: LlamaModel, tab: str = "") -> str:
    response = client.get(f"/models/{model.pk}/{tab}")
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("tab", ["", "overview/", "files/"])
def test_every_tab_has_the_facts_beside_it(admin_client: Client, tab: str) -> None:
    model = make_model("Llama 3.1 8B", facts={"layers": 32, "heads": 32, "kv_heads": 8})
    html = page(admin_client, model, tab)
    for text in ("Q4_K_M, 4.9 bits a weight", "32, 8 for KV", "131,072", "tool calls"):
        assert text in html, text
    assert html.count("<h1") == 1
    assert html.count('aria-current="page"') == 2  # the side bar's and the tab's


def test_unknown_facts_are_dashes(admin_client: Client) -> None:
    html = page(admin_client, make_model("dark", facts={}, quantization=None), "overview/")
    assert re.search(r'<dt>Layers</dt><dd><span title="the file does not say">-</span></dd>', html)


def test_the_chat_template_is_shown_as_text_and_never_run(admin_client: Client) -> None:
    model = make_model("a", files=False)
    make_file(model, metadata={**METADATA, "tokenizer.chat_template": HOSTILE})
    html = page(admin_client, model)
    assert "&lt;script&gt;alert(1)" in html
    assert "{{ 7|add:7 }}{% now &quot;Y&quot; %}" in html
    assert "<script>alert" not in html and "<img" not in html


@pytest.mark.parametrize("tab", ["", "overview/", "files/"])
def test_hostile_facts_stay_text(admin_client: Client, tab: str) -> None:
    facts = {
        "name": HOSTILE,
        "description": HOSTILE,
        "licence_id": HOSTILE,
        "repo_url": "javascript:alert(1)",
        "tags": [HOSTILE],
        "tokenizer_pre": HOSTILE,
        "mix": {HOSTILE: 0.5, "x": HOSTILE},
        "layers": HOSTILE,
        "base_models": [{"name": HOSTILE, "organization": None, "repo_url": HOSTILE}, HOSTILE],
        "quantization": {"source": HOSTILE, "variant": HOSTILE},
    }
    model = make_model(
        HOSTILE, path=f"/srv/{HOSTILE}.gguf", architecture="<b>", reason=HOSTILE, facts=facts,
        state="invalid", capabilities=[HOSTILE], tags=[HOSTILE], notes=HOSTILE, files=False,
    )  # fmt: skip
    make_file(
        model, metadata={HOSTILE: HOSTILE, "x": {"type": 8, "count": 1, "items": [HOSTILE]}},
        error=HOSTILE, warnings=[HOSTILE],
    )  # fmt: skip
    html = page(admin_client, model, tab)
    assert (
        "<script>alert" not in html and "<img" not in html and "<b>" not in html.split("<main")[1]
    )
    assert 'href="javascript' not in html


@pytest.mark.parametrize("facts", [{"mix": []}, {"base_models": {}}, {"tags": 5}, {"layers": [1]}])
def test_damaged_facts_break_no_page(admin_client: Client, facts: dict[str, object]) -> None:
    page(admin_client, make_model("odd", facts=facts), "overview/")


def test_metadata_is_listed_and_searched(admin_client: Client) -> None:
    model = make_model("a")
    assert "llama.block_count" in page(admin_client, model, "overview/")
    found = page(admin_client, model, "overview/?find=KV")
    assert "llama.attention.head_count_kv" in found and "llama.block_count" not in found
    assert "1 of 12 keys" in found
    assert "No key and no value holds “zzz”" in page(admin_client, model, "overview/?find=zzz")


def test_searching_by_htmx_gets_the_table_only(admin_client: Client) -> None:
    model = make_model("a")
    response = admin_client.get(
        f"/models/{model.pk}/overview/?find=kv", headers={"HX-Request": "true"}
    )
    assert response.content.decode().startswith('<div id="metadata">')


def test_every_shard_is_a_row(admin_client: Client) -> None:
    model = make_model("big", files=False)
    for n in (1, 2):
        make_file(model, path=f"/srv/big-{n}.gguf", shard_number=n, shard_count=2, sha256="ab" * 32)
    html = page(admin_client, model, "files/")
    assert "shard 1 of 2" in html and "shard 2 of 2" in html
    assert f'data-copy="{"ab" * 32}"' in html


def test_copies_are_linked(admin_client: Client) -> None:
    model = make_model("one", content_key="x")
    twin = make_model("two", content_key="x")
    assert f'href="/models/{twin.pk}/files/"' in page(admin_client, model, "files/")


def test_of_many_copies_the_first_are_shown_and_all_are_counted(admin_client: Client) -> None:
    model = make_model("one", content_key="x")
    for number in range(23):
        make_model(f"copy {number:02}", content_key="x")
    html = page(admin_client, model, "files/")
    assert "The first 20 of 23." in html
    assert "copy 19" in html and "copy 20" not in html
    detail = admin_client.get(f"/api/models/{model.pk}/").json()
    assert len(detail["duplicates"]) == 20


def test_a_problem_is_said_first_with_what_to_do(admin_client: Client) -> None:
    model = make_model("half", state="incomplete", reason="1 of 2 is there.")
    html = page(admin_client, model)
    assert "1 of 2 is there. Let the download finish" in html


def test_what_people_write_is_saved(admin_client: Client) -> None:
    model = make_model("a")
    data = {"notes": "two\r\nlines", "tags": "work, blue", "aliases": "fast,\nslow", "hidden": "on"}
    response = admin_client.post(f"/models/{model.pk}/change/", data, follow=True)
    assert "Saved." in response.content.decode()
    model.refresh_from_db()
    assert (model.notes, model.tags, model.hidden) == ("two\nlines", ["work", "blue"], True)
    assert list(model.aliases.values_list("name", flat=True)) == ["fast", "slow"]
    html = page(admin_client, model, "overview/")
    assert 'value="fast, slow"' in html and 'name="hidden" checked' in html


def test_a_taken_name_is_refused_beside_its_field(admin_client: Client) -> None:
    ModelAlias.objects.create(name="fast", llama_model=make_model("first"))
    model = make_model("second")
    response = admin_client.post(
        f"/models/{model.pk}/change/", {"aliases": "fast", "notes": "kept"}
    )
    html = response.content.decode()
    assert response.status_code == 422
    assert "“fast” is a name of first already." in html
    assert 'aria-invalid="true"' in html and "kept</textarea>" in html
    model.refresh_from_db()
    assert model.notes == ""


@pytest.mark.parametrize("tags", [[1, 2], [["x"]], None, 5, {"a": 1}, "str", ["x" * 500]])
def test_damaged_tags_break_no_page(admin_client: Client, tags: object) -> None:
    model = make_model("odd")
    LlamaModel.objects.filter(pk=model.pk).update(tags=Value(tags, JSONField()))
    page(admin_client, model, "overview/")
    admin_client.post(f"/models/{model.pk}/change/", {"tags": "work"})
    model.refresh_from_db()
    assert model.tags == ["work"]


@pytest.mark.parametrize("alias", ["FAST", "First"])
def test_a_name_is_the_same_in_another_case(admin_client: Client, alias: str) -> None:
    ModelAlias.objects.create(name="fast", llama_model=make_model("first"))
    model = make_model("second")
    response = admin_client.post(f"/models/{model.pk}/change/", {"aliases": alias})
    assert response.status_code == 422
    html = response.content.decode()
    assert 'id="aliases-hint">“' in html and 'class="err"' in html
    assert not model.aliases.exists()


def test_the_case_of_ones_own_name_can_be_changed(admin_client: Client) -> None:
    model = make_model("Llama")
    for aliases in ("fast", "Fast, llama"):
        admin_client.post(f"/models/{model.pk}/change/", {"aliases": aliases})
    assert sorted(model.aliases.values_list("name", flat=True)) == ["Fast", "llama"]
