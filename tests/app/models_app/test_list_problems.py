from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from models_app.models import LlamaModel, RegistryVersion
from tests.factories import make_file, make_model

pytestmark = pytest.mark.django_db


def page(client: Client) -> str:
    return client.get("/models/problems/").content.decode()


def test_every_problem_says_why_and_what_to_do(admin_client: Client) -> None:
    make_model("whole", files=False)
    half = make_model("half", state="incomplete", reason="1.0 GiB of 2.0 GiB are there.")
    web = make_model("web page", state="invalid", reason="Looks like a web page.", files=False)
    make_file(web, error_kind="bad_magic")
    html = page(admin_client)
    assert half.reason in html and "Let the download finish" in html
    assert web.reason in html and "fetch the model itself" in html
    assert ">whole<" not in html


def test_without_problems_it_says_so(admin_client: Client) -> None:
    make_model("whole", files=False)
    assert "No problems" in page(admin_client)


def test_a_vanished_model_can_be_removed(admin_client: Client) -> None:
    model = make_model("gone", state="missing", missing_since=timezone.now(), files=False)
    assert f'action="/models/{model.pk}/remove/"' in page(admin_client)
    before = RegistryVersion.current()
    response = admin_client.post(f"/models/{model.pk}/remove/", follow=True)
    assert "gone was removed from the registry." in response.content.decode()
    assert not LlamaModel.objects.exists()
    assert RegistryVersion.current() != before


@pytest.mark.parametrize("state", ["ok", "incomplete", "invalid", "unreadable"])
def test_what_is_still_on_disk_cannot_be_removed(admin_client: Client, state: str) -> None:
    model = make_model("there", state=state, files=False)
    assert f"/models/{model.pk}/remove/" not in page(admin_client)
    response = admin_client.post(f"/models/{model.pk}/remove/", follow=True)
    assert "only missing models can be removed" in response.content.decode()
    assert LlamaModel.objects.exists()


def test_a_wrong_filter_is_named(admin_client: Client) -> None:
    html = admin_client.get("/models/problems/?sort=beauty").content.decode()
    assert "sort: must be one of" in html
