from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from engine_app.api.attached_schemas import AttachedDetail, AttachedList
from engine_app.attached import control, keys
from engine_app.models import AttachedModel, AttachedServer
from tests.fakes.attached import running

pytestmark = pytest.mark.django_db
NOBODY = "http://127.0.0.1:9"


def send(
    client: Client, address: str, body: Any = None, status: int = 201, method: str = "post"
) -> Any:
    data = json.dumps({} if body is None else body)
    response = getattr(client, method)(address, data, content_type="application/json")
    assert response.status_code == status, response.content
    return response.json() if response.content else None


def test_a_server_is_attached_listed_and_shown_without_its_key(
    admin_client: Client, tmp_path: Path
) -> None:
    with running(tmp_path, "model a", "key sesame") as there:
        body = {"url": there.url, "name": "Forge", "key": "sesame"}
        made = send(admin_client, "/api/attached/", body)
    AttachedDetail.model_validate(made)
    listed = admin_client.get("/api/attached/").json()
    AttachedList.model_validate(listed)
    shown = admin_client.get(f"/api/attached/{made['id']}/").json()
    for answer in (made, listed["servers"][0], shown):
        assert (answer["name"], answer["url"], answer["has_key"]) == ("Forge", there.url, True)
        assert "sesame" not in json.dumps(answer)
    assert keys.key_of(made["id"]) == "sesame"


def test_one_that_does_not_answer_is_a_conflict_unless_it_is_attached_anyway(
    admin_client: Client,
) -> None:
    error = send(admin_client, "/api/attached/", {"url": NOBODY}, 409)["error"]
    assert error["code"] == "conflict" and "Connection refused" in error["message"]
    assert not AttachedServer.objects.exists()
    send(admin_client, "/api/attached/", {"url": NOBODY, "anyway": True})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": ""},
        {"url": 7},
        {"url": "http://169.254.169.254"},
        {"url": "http://me@host"},
        {"url": NOBODY, "key": "two words"},
        {"url": NOBODY, "key": "a\r\nX-Header: b"},
        {"url": NOBODY, "key": "x" * 1001},
        {"url": NOBODY, "name": "x" * 101},
        {"url": NOBODY, "name": "a\nb"},
        {"url": NOBODY, "state": "reachable"},
        {"url": NOBODY, "managed": True},
    ],
)
def test_a_wrong_request_is_refused(admin_client: Client, body: dict[str, Any]) -> None:
    assert send(admin_client, "/api/attached/", body, 422)["error"]["code"] == "invalid"
    assert not AttachedServer.objects.exists()


def test_a_change_keeps_what_it_does_not_name(admin_client: Client, tmp_path: Path) -> None:
    with running(tmp_path, "model a", "key sesame") as there:
        server = there.attach("Forge", "sesame")
        answer = send(admin_client, f"/api/attached/{server.pk}/", {"name": "Anvil"}, 200, "patch")
    assert (answer["name"], answer["url"], answer["has_key"]) == ("Anvil", there.url, True)


def test_a_stored_key_does_not_follow_to_another_address(admin_client: Client) -> None:
    server = control.attach(control.wanted("Forge", NOBODY, "sesame"))
    body = {"url": "http://127.0.0.1:10"}
    error = send(admin_client, f"/api/attached/{server.pk}/", body, 422, "patch")["error"]
    assert error["detail"][0]["where"] == ["body", "key"]


def test_one_that_is_switched_off_is_not_looked_at(admin_client: Client) -> None:
    server = control.attach(control.wanted("Forge", NOBODY, None))
    body = {"enabled": False}
    answer = send(admin_client, f"/api/attached/{server.pk}/", body, 200, "patch")
    assert answer["enabled"] is False


def test_models_are_loaded_and_unloaded(admin_client: Client, tmp_path: Path) -> None:
    with running(tmp_path, "model tiny") as there:
        server = there.attach()
        AttachedModel.objects.create(server=server, model_id="tiny", state="unloaded")
        address = f"/api/attached/{server.pk}/models"
        error = send(admin_client, f"{address}/unload/", {"model": "tiny"}, 409)["error"]
        assert error["message"] == "tiny is not loaded."
        send(admin_client, f"{address}/load/", {"model": "tiny"}, 202)
        error = send(admin_client, f"{address}/load/", {"model": "tiny"}, 409)["error"]
        assert error["message"] == "tiny is loaded or loading already."
        send(admin_client, f"{address}/unload/", {"model": "tiny"}, 202)
        error = send(admin_client, f"{address}/load/", {"model": "other"}, 409)["error"]
        assert "has no model called 'other'" in error["message"]


def test_a_router_that_is_gone_is_said(admin_client: Client, tmp_path: Path) -> None:
    server = control.attach(control.wanted("Forge", NOBODY, None))
    AttachedModel.objects.create(server=server, model_id="tiny", state="unloaded")
    address = f"/api/attached/{server.pk}/models/load/"
    error = send(admin_client, address, {"model": "tiny"}, 409)["error"]
    assert "Forge was not reached" in error["message"]


def test_a_model_that_the_router_has_dropped_is_said(admin_client: Client, tmp_path: Path) -> None:
    with running(tmp_path, "model tiny") as there:
        server = there.attach()
        AttachedModel.objects.create(server=server, model_id="gone", state="unloaded")
        address = f"/api/attached/{server.pk}/models/load/"
        error = send(admin_client, address, {"model": "gone"}, 409)["error"]
    assert "does not know 'gone'" in error["message"]


def test_a_server_is_detached(admin_client: Client) -> None:
    server = control.attach(control.wanted("Forge", NOBODY, None))
    send(admin_client, f"/api/attached/{server.pk}/", status=204, method="delete")
    assert not AttachedServer.objects.exists()


@pytest.mark.parametrize("number", [5, 10**30])
def test_one_that_is_not_there_is_not_found(admin_client: Client, number: int) -> None:
    assert admin_client.get(f"/api/attached/{number}/").status_code == 404
    address = f"/api/attached/{number}/models/load/"
    send(admin_client, address, {"model": "x"}, 404)


def test_a_viewer_may_only_look(client: Client) -> None:
    server = control.attach(control.wanted("Forge", NOBODY, None))
    client.force_login(User.objects.create_user("vi"))
    address = f"/api/attached/{server.pk}/"
    assert client.get(address).status_code == 200
    send(client, "/api/attached/", {"url": NOBODY}, 403)
    send(client, address, {"name": "x"}, 403, "patch")
    send(client, address, None, 403, "delete")
    for verb in ("load", "unload"):
        send(client, f"{address}models/{verb}/", {"model": "x"}, 403)


def test_the_key_lies_in_a_file_that_only_we_may_read(settings: Any) -> None:
    server = control.attach(control.wanted("Forge", NOBODY, "sesame"))
    path = Path(settings.DATA_DIR) / "attached" / str(server.pk) / "key"
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("sesame", 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "sesame" not in json.dumps(list(AttachedServer.objects.values()), default=str)


def test_keys_of_servers_that_are_no_more_are_forgotten() -> None:
    kept = control.attach(control.wanted("Forge", NOBODY, "sesame"))
    keys.write(kept.pk + 1, "left over")
    keys.keep_only([kept.pk])
    assert (keys.key_of(kept.pk), keys.key_of(kept.pk + 1)) == ("sesame", "")
