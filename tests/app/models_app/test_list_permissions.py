"""Who may see what, and who may change what: every address of the registry, three visitors."""

from __future__ import annotations

from typing import Final

import pytest
from django.contrib.auth.models import User
from django.test import Client

from models_app.models import LlamaModel, ModelRoot, ScanRun
from tests.factories import make_model, make_root

pytestmark = pytest.mark.django_db

READ: Final = (
    "/models/",
    "/models/problems/",
    "/models/folders/",
    "/models/export/csv/",
    "/models/export/json/",
    "/models/export/md/",
    "/models/scan/bar/",
    "/models/{model}/",
    "/models/{model}/overview/",
    "/models/{model}/files/",
    "/api/models/",
    "/api/models/{model}/",
    "/api/models/{model}/memory/",
    "/api/scans/",
    "/api/scans/{scan}/",
)
CHANGE: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("/models/favourites/", {"favourite": "{model}:1"}),
    ("/models/folders/add/", {"path": "/nowhere"}),
    ("/models/folders/{root}/", {"action": "off"}),
    ("/models/scan/", {}),
    ("/models/scan/{scan}/cancel/", {}),
    ("/models/{model}/change/", {"notes": "mine"}),
    ("/models/{model}/remove/", {}),
)


@pytest.fixture
def ids() -> dict[str, int]:
    model = make_model("a model")
    scan = ScanRun.objects.create(state="done")
    return {"model": model.pk, "root": model.root_id, "scan": scan.pk}


def as_visitor(client: Client, kind: str) -> Client:
    if kind != "anonymous":
        client.force_login(User.objects.create_user(kind, is_staff=kind == "staff"))
    return client


@pytest.mark.parametrize("address", READ)
def test_everybody_who_is_logged_in_may_read(
    client: Client, ids: dict[str, int], address: str
) -> None:
    client = as_visitor(client, "viewer")
    assert client.get(address.format(**ids)).status_code == 200


@pytest.mark.parametrize("address", READ)
def test_nobody_else_may_read(client: Client, ids: dict[str, int], address: str) -> None:
    response = client.get(address.format(**ids))
    if address.startswith("/api/"):
        assert response.status_code == 401
        assert response.json()["error"]["code"] == "not_logged_in"
    else:
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(("address", "data"), CHANGE)
def test_a_viewer_may_change_nothing(
    client: Client, ids: dict[str, int], address: str, data: dict[str, str]
) -> None:
    client = as_visitor(client, "viewer")
    filled = {name: text.format(**ids) for name, text in data.items()}
    assert client.post(address.format(**ids), filled).status_code == 403
    assert not LlamaModel.objects.filter(favourite=True).exists()
    assert ModelRoot.objects.filter(enabled=True).count() == 1
    assert ScanRun.objects.count() == 1


@pytest.mark.parametrize(("address", "data"), CHANGE)
def test_staff_may(client: Client, ids: dict[str, int], address: str, data: dict[str, str]) -> None:
    client = as_visitor(client, "staff")
    filled = {name: text.format(**ids) for name, text in data.items()}
    assert client.post(address.format(**ids), filled).status_code in (302, 422)


@pytest.mark.parametrize(("address", "data"), CHANGE)
def test_nothing_changes_by_looking(
    client: Client, ids: dict[str, int], address: str, data: dict[str, str]
) -> None:
    client = as_visitor(client, "staff")
    assert client.get(address.format(**ids)).status_code == 405


@pytest.mark.parametrize(("address", "data"), CHANGE)
def test_a_form_of_another_site_is_refused(
    ids: dict[str, int], address: str, data: dict[str, str]
) -> None:
    client = as_visitor(Client(enforce_csrf_checks=True), "staff")
    filled = {name: text.format(**ids) for name, text in data.items()}
    assert client.post(address.format(**ids), filled).status_code == 403


@pytest.mark.parametrize(
    "address",
    [
        "/models/999999/",
        "/models/99999999999999999999999/",
        "/models/999999/overview/",
        "/models/999999/files/",
        "/models/export/xml/",
    ],
)
def test_what_is_not_there_is_not_found(admin_client: Client, address: str) -> None:
    make_root()
    assert admin_client.get(address).status_code == 404


def test_a_viewer_is_offered_no_button_that_refuses(client: Client, ids: dict[str, int]) -> None:
    client = as_visitor(client, "viewer")
    pages = (
        "/models/",
        "/models/problems/",
        "/models/folders/",
        f"/models/{ids['model']}/overview/",
    )
    for address in pages:
        html = client.get(address).content.decode()
        main = html[html.index("<main") : html.index("</main>")]
        assert 'method="post"' not in main, address
