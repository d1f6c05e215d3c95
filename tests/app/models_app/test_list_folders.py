from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from models_app.models import ModelRoot, RegistryVersion, ScanRun
from models_app.scan.scan_locks import hold
from tests.factories import make_model, make_root

pytestmark = pytest.mark.django_db


def page(client: Client, address: str = "/models/folders/") -> str:
    return client.get(address).content.decode()


def test_a_folder_is_shown_with_its_models(admin_client: Client) -> None:
    make_model("a", root=make_root("/srv/<b>models"), files=False)
    html = page(admin_client)
    assert "/srv/&lt;b&gt;models" in html
    assert "not scanned yet" in html


def test_a_folder_is_added(admin_client: Client, tmp_path: Path) -> None:
    response = admin_client.post(
        "/models/folders/add/", {"path": str(tmp_path), "kind": "auto"}, follow=True
    )
    assert f"{tmp_path} was added." in response.content.decode()
    assert ModelRoot.objects.get().path == str(tmp_path)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/does/not/exist", "does not exist"),
        ("/proc", "folder of the system"),
        ("models", "give the full path, from /"),
        ("../models", "give the full path, from /"),
        ("~nobody-here/models", "give the full path, from /"),
        ("", "This field is required"),
    ],
)
def test_a_wrong_folder_is_refused_beside_the_field(
    admin_client: Client, path: str, why: str
) -> None:
    response = admin_client.post("/models/folders/add/", {"path": path, "kind": "auto"})
    html = response.content.decode()
    assert response.status_code == 422
    assert why in html and 'aria-invalid="true"' in html
    assert not ModelRoot.objects.exists()


def test_a_folder_is_switched_off_and_on(admin_client: Client) -> None:
    model = make_model("a", files=False)
    address = f"/models/folders/{model.root_id}/"
    before = RegistryVersion.current()
    admin_client.post(address, {"action": "off"})
    assert RegistryVersion.current() != before
    assert ">a</a>" not in page(admin_client, "/models/")
    admin_client.post(address, {"action": "on"})
    assert ">a</a>" in page(admin_client, "/models/")


def test_removing_asks_whether_it_is_meant(admin_client: Client) -> None:
    root = make_model("a", files=False).root
    address = f"/models/folders/{root.pk}/"
    admin_client.post(address, {"action": "remove"})
    assert ModelRoot.objects.exists()
    admin_client.post(address, {"action": "remove", "sure": "yes"})
    assert not ModelRoot.objects.exists()


def test_a_folder_that_is_being_scanned_is_not_removed(admin_client: Client) -> None:
    root = make_root()
    with hold([root]):
        response = admin_client.post(
            f"/models/folders/{root.pk}/", {"action": "remove", "sure": "yes"}, follow=True
        )
    assert "is already being scanned" in response.content.decode()
    assert ModelRoot.objects.exists()


def test_folders_of_the_environment_are_changed_there_only(admin_client: Client) -> None:
    root = make_root(source="environment")
    assert "Switch off" not in page(admin_client)
    for action in ("off", "remove"):
        admin_client.post(f"/models/folders/{root.pk}/", {"action": action, "sure": "yes"})
    assert ModelRoot.objects.get().enabled


def test_one_folder_can_be_scanned(admin_client: Client) -> None:
    one, _ = make_root("/srv/one"), make_root("/srv/two")
    admin_client.post("/models/scan/", {"root": one.pk})
    assert [root.path for root in ScanRun.objects.get().roots.all()] == ["/srv/one"]


@pytest.mark.parametrize("root", ["x", "999", "9" * 40])
def test_scanning_a_folder_that_is_not_there_is_not_found(admin_client: Client, root: str) -> None:
    assert admin_client.post("/models/scan/", {"root": root}).status_code == 404


def test_a_second_scan_is_refused_in_words(admin_client: Client) -> None:
    make_root()
    admin_client.post("/models/scan/")
    html = admin_client.post("/models/scan/", follow=True).content.decode()
    assert "is already being scanned" in html
    assert ScanRun.objects.count() == 1


def test_a_scan_is_cancelled(admin_client: Client) -> None:
    make_root()
    admin_client.post("/models/scan/")
    run = ScanRun.objects.get()
    admin_client.post(f"/models/scan/{run.pk}/cancel/")
    run.refresh_from_db()
    assert run.state == "cancelled"


def test_places_of_other_programs_are_looked_for_when_asked(
    admin_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.gguf").write_bytes(b"GGUF")
    monkeypatch.setenv("LLAMA_CACHE", str(tmp_path))
    assert str(tmp_path) not in page(admin_client)
    assert str(tmp_path) in page(admin_client, "/models/folders/?look=1")
