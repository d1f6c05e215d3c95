from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from engine_app.models import Engine
from models_app.models import ModelKind
from tests.factories import make_model

pytestmark = pytest.mark.django_db


def page(client: Client, query: str = "") -> str:
    return client.get(f"/playground/{query}").content.decode()


def test_every_model_that_talks_is_a_choice_with_its_state(client: Client) -> None:
    client.force_login(User.objects.create_user("viewer"))
    running = make_model("Zephyr", path="/srv/models/zephyr.gguf", context_length=4096)
    make_model("Alpha", path="/srv/models/alpha.gguf")
    make_model("Vectors", path="/srv/models/vectors.gguf", kind=ModelKind.EMBEDDING)
    make_model("Broken", path="/srv/models/broken.gguf", state="invalid")
    engine = Engine.objects.create(
        llama_model=running, node=settings.NODE, state="ready", desired="running"
    )
    found = client.get("/playground/models/").json()["models"]
    assert [each["id"] for each in found] == ["zephyr", "alpha"]  # in memory first
    first, second = found
    assert (first["word"], first["engine_id"], first["context_length"]) == (
        "running",
        engine.pk,
        4096,
    )
    assert (second["word"], second["engine_id"], second["hue"]) == ("not loaded", None, "")


def test_images_are_for_models_with_a_projector(admin_client: Client) -> None:
    projector = make_model("Eyes", path="/srv/models/mmproj.gguf", kind=ModelKind.PROJECTOR)
    make_model("Seeing", path="/srv/models/seeing.gguf", projector=projector)
    make_model("Blind", path="/srv/models/blind.gguf", capabilities=["vision"])
    found = admin_client.get("/playground/models/").json()["models"]
    assert {each["id"]: each["sees"] for each in found} == {"blind": False, "seeing": True}


def test_an_address_chooses_a_model_and_a_wrong_one_the_first(admin_client: Client) -> None:
    make_model("Alpha", path="/srv/models/alpha.gguf")
    make_model("Beta", path="/srv/models/beta.gguf")
    assert '<option value="beta" selected>' in page(admin_client, "?model=beta")
    assert '<option value="alpha" selected>' in page(admin_client, "?model=%00'><script>")


def test_a_hostile_name_is_text(admin_client: Client) -> None:
    name = '"><img src=x onerror=alert(1)>'
    make_model(name, path="/srv/models/x.gguf")
    html = page(admin_client)
    assert "<img" not in html
    assert "&lt;img src=x" in html


@pytest.mark.parametrize("kind", [None, ModelKind.EMBEDDING])
def test_without_a_model_to_talk_to_it_says_what_to_do(
    admin_client: Client, kind: ModelKind | None
) -> None:
    if kind:
        make_model("Vectors", kind=kind)
    html = page(admin_client)
    assert ("No model here can be talked to" in html) == bool(kind)
    assert ("No models yet" in html) == (not kind)
    assert 'id="compose"' not in html
