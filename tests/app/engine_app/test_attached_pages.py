"""Attaching by the form, the page of a server, and who may do what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from engine_app.attached import control, keys
from engine_app.models import AttachedModel, AttachedServer
from tests.factories import make_model
from tests.fakes.attached import running

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=x onerror=alert(1)>"
NOBODY = "http://127.0.0.1:9"


def stored(name: str = "forge", **over: Any) -> AttachedServer:
    values: dict[str, Any] = {"scheme": "http", "host": "10.0.0.7", "port": 8080, "node": "here"}
    return AttachedServer.objects.create(name=name, **(values | over))


def text(response: object) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def submit(client: Client, address: str = "/engines/attach/", **data: str) -> HttpResponse:
    found = client.post(address, {"action": "save", **data})
    assert isinstance(found, HttpResponse)
    return found


def test_a_server_is_attached_and_what_was_found_is_said(
    admin_client: Client, tmp_path: Path
) -> None:
    with running(tmp_path, "model a", "model b", "key sesame") as there:
        answer = admin_client.post(
            "/engines/attach/",
            {"action": "save", "url": there.url, "name": "Forge", "key": "sesame"},
            follow=True,
        )
    server = AttachedServer.objects.get()
    assert answer.redirect_chain == [(server.get_absolute_url(), 302)]
    assert "It is a router, build b7777-0c1e570, with 2 models, 0 loaded." in text(answer)
    assert (server.name, keys.key_of(server.pk)) == ("Forge", "sesame")


def test_a_check_saves_nothing_and_says_what_is_there(admin_client: Client, tmp_path: Path) -> None:
    with running(tmp_path, "single tiny-chat") as there:
        page = text(submit(admin_client, url=there.url, action="check"))
    assert "It is a single llama-server, build b7777-0c1e570, with the model tiny-chat." in page
    assert not AttachedServer.objects.exists()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "An address is needed"),
        ("http://169.254.169.254/", "give away a machine"),
        ("http://[fe80::1]:8080", "give away a machine"),
        ("ftp://forge", "begins with http://"),
        ("http://me:secret@forge", "holds no name and password"),
        ("http://127.1:8080", "four numbers"),
    ],
)
def test_what_is_no_address_is_said_beside_its_field(
    admin_client: Client, url: str, why: str
) -> None:
    answer = submit(admin_client, url=url, name="n")
    page = text(answer)
    assert answer.status_code == 422
    beside = re.search(r'id="url-err">([^<]*)<', page)
    assert beside is not None and why in beside[1]
    assert not AttachedServer.objects.exists()


def test_what_was_typed_stays_but_for_the_key(admin_client: Client) -> None:
    page = text(submit(admin_client, url=NOBODY, name="My Forge", key="s3cret-key"))
    assert 'value="My Forge"' in page and f'value="{NOBODY}"' in page
    assert "s3cret-key" not in page
    assert "Connection refused" in page


def test_one_that_is_away_is_attached_anyway(admin_client: Client) -> None:
    assert "anyway" in text(submit(admin_client, url=NOBODY))
    assert submit(admin_client, url=NOBODY, action="anyway").status_code == 302
    assert AttachedServer.objects.get().name == "127.0.0.1"


def test_one_that_is_no_llama_server_is_not_attached_at_all(
    admin_client: Client, tmp_path: Path
) -> None:
    with running(tmp_path, 'json {"hello": "world"}') as there:
        answer = submit(admin_client, url=there.url, action="anyway")
    assert answer.status_code == 422 and "not as a llama-server" in text(answer)
    assert not AttachedServer.objects.exists()


def test_a_llamadash_is_not_attached(admin_client: Client, tmp_path: Path) -> None:
    ours = '{"role": "router", "build_info": "llamadash-1.0"}'
    with running(tmp_path, f"json {ours}") as there:
        answer = submit(admin_client, url=there.url, action="anyway")
    assert answer.status_code == 422 and "It is a llamadash" in text(answer)
    assert not AttachedServer.objects.exists()


def test_a_refused_key_is_said_beside_the_key(admin_client: Client, tmp_path: Path) -> None:
    with running(tmp_path, "model a", "key sesame") as there:
        page = text(submit(admin_client, url=there.url, key="simsim"))
        assert "the one it was given is not right" in re.findall(r'id="key-err">([^<]*)<', page)[0]
        page = text(submit(admin_client, url=there.url))
        assert re.findall(r'id="key-err">([^<]*)<', page) == ["It wants a key."]


def test_a_redirect_to_a_metadata_address_is_not_followed(
    admin_client: Client, tmp_path: Path
) -> None:
    with running(tmp_path, "redirect http://169.254.169.254/latest/") as there:
        assert "that is not followed" in text(submit(admin_client, url=there.url))


@pytest.mark.parametrize("second", ["FORGE", "forge"])
def test_a_name_is_given_once(admin_client: Client, settings: object, second: str) -> None:
    control.attach(control.wanted("Forge", NOBODY, None))
    page = text(submit(admin_client, url="http://127.0.0.1:10", name=second, action="anyway"))
    assert f"There is a server called {second} already." in page


def test_an_address_is_attached_once(admin_client: Client) -> None:
    control.attach(control.wanted("Forge", NOBODY, None))
    page = text(submit(admin_client, url=f"{NOBODY}/", name="Other", action="anyway"))
    assert "This address is attached already, as Forge." in page


def test_a_change_keeps_the_stored_key_at_the_same_address(
    admin_client: Client, tmp_path: Path
) -> None:
    with running(tmp_path, "model a", "key sesame") as there:
        server = there.attach(key="sesame")
        page = text(admin_client.get(f"/engines/attached/{server.pk}/change/"))
        assert "One is stored" in page and "sesame" not in page
        answer = submit(
            admin_client, f"/engines/attached/{server.pk}/change/", url=there.url, name="New"
        )
        assert answer.status_code == 302
    server.refresh_from_db()
    assert (server.name, keys.key_of(server.pk)) == ("New", "sesame")


def test_a_stored_key_is_never_sent_to_another_address(admin_client: Client) -> None:
    server = control.attach(control.wanted("Forge", NOBODY, "sesame"))
    address = f"/engines/attached/{server.pk}/change/"
    page = text(submit(admin_client, address, url="http://127.0.0.1:10", action="check"))
    assert "the stored key is not sent there" in page
    page = text(submit(admin_client, address, url="http://127.0.0.1:10", remove_key="1"))
    assert "the stored key is not sent there" not in page and "Connection refused" in page


def test_a_removed_key_is_gone(admin_client: Client, tmp_path: Path) -> None:
    with running(tmp_path, "model a") as there:
        server = there.attach(key="sesame")
        data = {"url": there.url, "name": "Forge", "remove_key": "1"}
        submit(admin_client, f"/engines/attached/{server.pk}/change/", **data)
    assert keys.key_of(server.pk) == ""


def test_one_that_is_switched_off_need_not_answer(admin_client: Client) -> None:
    server = control.attach(control.wanted("Forge", NOBODY, None))
    data = {"url": NOBODY, "name": "Forge", "switch": "1"}
    assert submit(admin_client, f"/engines/attached/{server.pk}/change/", **data).status_code == 302
    server.refresh_from_db()
    assert not server.enabled
    assert "switched off" in text(admin_client.get(server.get_absolute_url()))


def test_the_page_shows_models_with_their_states_and_what_can_be_done(admin_client: Client) -> None:
    server = stored(role="router", state="reachable", build="b7777")
    registered = make_model("Tiny Chat")
    AttachedModel.objects.create(
        server=server, model_id="tiny", state="loaded", context=2048, llama_model=registered
    )
    AttachedModel.objects.create(server=server, model_id="bad", state="failed", exit_code=1)
    page = text(admin_client.get(server.get_absolute_url()))
    assert "Unload<span" in page and "Load<span" in page
    assert "its process ended with the code 1" in page
    assert f'/models/{registered.pk}/"' in page
    assert f'key="attached.{server.pk}/tokens_per_second/tiny"' in page


def test_a_single_server_has_no_buttons_and_says_why(admin_client: Client) -> None:
    server = stored(role="single", state="reachable")
    AttachedModel.objects.create(server=server, model_id="tiny", state="loaded")
    page = text(admin_client.get(server.get_absolute_url()))
    assert "data-attached-act" not in page
    assert "only a router loads and unloads" in page


def test_a_load_is_asked_for_and_the_page_told_to_look_again(
    admin_client: Client, tmp_path: Path
) -> None:
    with running(tmp_path, "model tiny") as there:
        server = there.attach()
        AttachedModel.objects.create(server=server, model_id="tiny", state="unloaded")
        address = f"/engines/attached/{server.pk}/load/"
        answer = admin_client.post(address, {"model": "tiny"}, headers={"HX-Request": "true"})
        assert answer.status_code == 200 and "attached-changed" in answer["HX-Trigger"]
        again = admin_client.post(address, {"model": "tiny"}, follow=True)
        assert "tiny is loaded or loading already." in text(again)


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"role": "single"}, "is a single server"),
        ({"role": "router", "enabled": False}, "is switched off"),
        ({"role": "router"}, "has no model called"),
    ],
)
def test_what_cannot_be_loaded_is_said(
    admin_client: Client, over: dict[str, Any], why: str
) -> None:
    server = stored(**over)
    answer = admin_client.post(
        f"/engines/attached/{server.pk}/load/", {"model": "tiny"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 409 and why in text(answer)


def test_a_server_is_detached_with_its_key_and_models(
    admin_client: Client, django_capture_on_commit_callbacks: object
) -> None:
    server = control.attach(control.wanted("Forge", NOBODY, "sesame"))
    AttachedModel.objects.create(server=server, model_id="tiny")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        answer = admin_client.post(f"/engines/attached/{server.pk}/detach/")
    assert answer.status_code == 302
    assert not AttachedServer.objects.exists() and not AttachedModel.objects.exists()
    assert keys.key_of(server.pk) == ""


def test_a_router_of_our_own_is_neither_changed_nor_detached_here(admin_client: Client) -> None:
    server = stored(managed=True)
    for verb in ("change", "detach"):
        admin_client.post(f"/engines/attached/{server.pk}/{verb}/", {"url": NOBODY, "name": "x"})
    server.refresh_from_db()
    assert server.name == "forge"


def test_a_viewer_sees_states_and_no_buttons(client: Client) -> None:
    client.force_login(User.objects.create_user("vi"))
    server = stored(role="router", state="reachable")
    AttachedModel.objects.create(server=server, model_id="tiny", state="unloaded")
    page = text(client.get(server.get_absolute_url()))
    assert "unloaded" in page and "data-attached-act" not in page
    assert "/detach/" not in page and "/change/" not in page
    for verb in ("load", "unload", "detach", "change"):
        assert client.post(f"/engines/attached/{server.pk}/{verb}/").status_code == 403
    assert client.get("/engines/attach/").status_code == 403


def test_hostile_names_are_text(admin_client: Client) -> None:
    server = stored(HOSTILE, role="router", state="unreachable", reason=HOSTILE, build=HOSTILE)
    AttachedModel.objects.create(server=server, model_id=HOSTILE, aliases=[HOSTILE], state="loaded")
    pages = [
        text(admin_client.get(server.get_absolute_url())),
        text(admin_client.get("/engines/attached/", headers={"HX-Request": "true"})),
    ]
    for page in pages:
        assert HOSTILE not in page and "&lt;img src=x" in page


def test_the_part_of_the_list_counts_what_is_loaded(admin_client: Client) -> None:
    server = stored(role="router", state="reachable")
    for n in range(5):
        AttachedModel.objects.create(server=server, model_id=f"m{n}", state="loaded")
    AttachedModel.objects.create(server=server, model_id="off", state="unloaded")
    part = text(admin_client.get("/engines/attached/", headers={"HX-Request": "true"}))
    assert "5 of 6 loaded" in part and "m0, m1, m2 and 2 more" in part


def test_without_servers_it_says_what_attaching_is_for(admin_client: Client) -> None:
    part = text(admin_client.get("/engines/attached/", headers={"HX-Request": "true"}))
    assert "/engines/attach/" in part
    assert admin_client.get("/engines/attached/").status_code == 302


@pytest.mark.parametrize(
    "address", ["/engines/attached/5/", "/engines/attached/99999999999999999999/"]
)
def test_one_that_is_not_there_is_not_found(admin_client: Client, address: str) -> None:
    assert admin_client.get(address).status_code == 404


def test_many_models_come_on_pages_and_are_searched(admin_client: Client) -> None:
    server = stored(role="router", state="reachable")
    AttachedModel.objects.bulk_create(
        AttachedModel(server=server, model_id=f"model-{n:03}", state="unloaded") for n in range(120)
    )
    page = text(admin_client.get(server.get_absolute_url()))
    assert "1 to 50 of 120" in page
    found = text(admin_client.get(server.get_absolute_url(), {"q": "model-119"}))
    assert "model-119" in found and "model-000" not in found


def test_a_key_that_would_travel_unencrypted_is_warned_of(
    admin_client: Client, tmp_path: Path
) -> None:
    server = stored()
    keys.write(server.pk, "sesame")
    assert "travels unencrypted" in text(admin_client.get(server.get_absolute_url()))
    local = stored("near", host="127.0.0.1", port=9)
    keys.write(local.pk, "sesame")
    assert "travels unencrypted" not in text(admin_client.get(local.get_absolute_url()))
