from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from models_app.api.api_schemas import ScanDetail, ScanList
from models_app.models import ScanRun
from tests.factories import make_root

pytestmark = pytest.mark.django_db


def post(client: Client, address: str = "/api/scans/", body: Any = None, status: int = 202) -> Any:
    response = client.post(address, json.dumps(body or {}), content_type="application/json")
    assert response.status_code == status, response.content
    return response.json()


def test_a_scan_is_queued_for_all_folders(admin_client: Client) -> None:
    one, two = make_root("/srv/one"), make_root("/srv/two")
    make_root("/srv/off", enabled=False)
    scan = post(admin_client, body={"force": True})
    ScanDetail.model_validate(scan)
    assert (scan["state"], scan["trigger"], scan["force"]) == ("queued", "api", True)
    assert scan["roots"] == [one.pk, two.pk]


def test_a_scan_is_queued_for_the_folders_that_are_named(admin_client: Client) -> None:
    _, two = make_root("/srv/one"), make_root("/srv/two")
    assert post(admin_client, body={"roots": [two.pk]})["roots"] == [two.pk]


@pytest.mark.parametrize(
    "body", [{"roots": [99]}, {"roots": []}, {"roots": "all"}, {"force": 1}, {"path": "/x"}]
)
def test_a_wrong_request_is_refused(admin_client: Client, body: dict[str, Any]) -> None:
    make_root()
    assert post(admin_client, body=body, status=422)["error"]["code"] == "invalid"
    assert not ScanRun.objects.exists()


def test_a_second_scan_conflicts(admin_client: Client) -> None:
    make_root()
    post(admin_client)
    error = post(admin_client, status=409)["error"]
    assert error["code"] == "conflict" and "already being scanned" in error["message"]


def test_without_a_folder_there_is_nothing_to_scan(admin_client: Client) -> None:
    assert "no folder" in post(admin_client, status=409)["error"]["message"]


def test_a_scan_can_be_read_and_cancelled(admin_client: Client) -> None:
    make_root()
    scan = post(admin_client)
    assert admin_client.get(f"/api/scans/{scan['id']}/").json() == scan
    assert post(admin_client, f"/api/scans/{scan['id']}/cancel/")["state"] == "cancelled"
    error = post(admin_client, f"/api/scans/{scan['id']}/cancel/", status=409)["error"]
    assert "is over: cancelled" in error["message"]


def test_a_running_scan_is_asked_to_stop(admin_client: Client) -> None:
    run = ScanRun.objects.create(state="running")
    assert post(admin_client, f"/api/scans/{run.pk}/cancel/")["cancel_requested"] is True


def test_scans_are_listed_newest_first(admin_client: Client) -> None:
    for _ in range(60):
        ScanRun.objects.create(state="done", errors=[{"path": "/x"}], n_errors=1)
    listed = admin_client.get("/api/scans/").json()
    ScanList.model_validate(listed)
    numbers = [scan["id"] for scan in listed["scans"]]
    assert len(numbers) == 50 and numbers == sorted(numbers, reverse=True)
    assert "errors" not in listed["scans"][0]
    detail = admin_client.get(f"/api/scans/{numbers[0]}/").json()
    assert detail["errors"] == [{"path": "/x"}]


@pytest.mark.parametrize("number", [5, 10**30])
def test_a_scan_that_is_not_there_is_not_found(admin_client: Client, number: int) -> None:
    assert admin_client.get(f"/api/scans/{number}/").status_code == 404
    post(admin_client, f"/api/scans/{number}/cancel/", status=404)


def test_a_viewer_may_only_look(client: Client) -> None:
    make_root()
    run = ScanRun.objects.create(state="running")
    client.force_login(User.objects.create_user("vi"))
    post(client, status=403)
    post(client, f"/api/scans/{run.pk}/cancel/", status=403)
    assert client.get("/api/scans/").status_code == 200


def test_an_unknown_field_of_the_address_is_refused(admin_client: Client) -> None:
    response = admin_client.get("/api/scans/?limit=5")
    assert response.status_code == 422
    assert response.json()["error"]["detail"][0]["where"][-1] == "limit"
