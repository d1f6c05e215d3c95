"""The programs that can run models: what each says of itself, adding one, switching one off."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from engine_app import discovery
from engine_app.discovery import added_program
from engine_app.models import BinaryKind, EngineBinary
from engine_app.program_asking import asking
from tests.fakes.supervised import PROGRAM, Orders

HTMX = {"HX-Request": "true"}
SECONDS = 60.0


def text(client: Client, **headers: str) -> str:
    answer = client.get("/engines/programs/", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def make_program(**over: object) -> EngineBinary:
    facts = {"key": "k", "program": ["/opt/llama-server"], "kind": BinaryKind.ADDED}
    return EngineBinary.objects.create(**(facts | over))


@pytest.mark.django_db
def test_each_says_what_it_is(admin_client: Client) -> None:
    make_program(
        build="b11549",
        commit="c0ffee",
        devices=[{"name": "CUDA0", "description": "H100", "total_bytes": 80 << 30}],
        probed_at=timezone.now(),
    )
    html = text(admin_client)
    assert "/opt/llama-server" in html and "b11549" in html and "c0ffee" in html
    assert "CUDA0 H100, 80.0 GiB" in html
    assert "works" in html and "used by default" in html


@pytest.mark.django_db
def test_one_without_devices_computes_on_the_processor(admin_client: Client) -> None:
    make_program(probed_at=timezone.now())
    assert "CPU only" in text(admin_client)


@pytest.mark.django_db
def test_what_nobody_has_asked_is_not_called_working(admin_client: Client) -> None:
    make_program()
    html = text(admin_client)
    assert "not asked yet" in html and "works</span>" not in html


@pytest.mark.django_db
def test_a_program_is_switched_off_and_on_and_taken_away(admin_client: Client) -> None:
    program = make_program(probed_at=timezone.now())
    address = f"/engines/programs/{program.pk}/change/"
    admin_client.post(address, {"do": "off"})
    assert not EngineBinary.objects.get().enabled
    assert "switched off" in text(admin_client)
    admin_client.post(address, {"do": "on"})
    assert EngineBinary.objects.get().enabled
    admin_client.post(address, {"do": "remove"})
    assert not EngineBinary.objects.exists()
    assert admin_client.post(address, {"do": "on"}).status_code == 404


@pytest.mark.django_db
def test_what_was_found_cannot_be_removed(admin_client: Client) -> None:
    program = make_program(kind=BinaryKind.PATH)
    for wish in ("remove", "explode", ""):
        answer = admin_client.post(
            f"/engines/programs/{program.pk}/change/", {"do": wish}, follow=True
        )
        assert "Only programs that were added here" in answer.content.decode()
    assert EngineBinary.objects.filter(enabled=True).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "command", ["", "   ", "/nowhere/llama-server", "'unfinished", "x\0y", "a" * 5000]
)
def test_what_is_no_program_is_refused_and_stays_in_the_field(
    admin_client: Client, command: str
) -> None:
    answer = admin_client.post("/engines/programs/add/", {"command": command})
    html = answer.content.decode()
    assert answer.status_code == 422 and 'aria-invalid="true"' in html
    assert not EngineBinary.objects.exists()


@pytest.mark.django_db
def test_a_viewer_may_look_and_change_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("vera"))
    program = make_program()
    html = text(client)
    assert "/opt/llama-server" in html and "<form" not in html.split("<main")[1].split("</main")[0]
    for address in ("add/", "ask/", f"{program.pk}/change/"):
        answer = client.post(f"/engines/programs/{address}", {"command": PROGRAM, "do": "remove"})
        assert answer.status_code == 403
    assert EngineBinary.objects.count() == 1


# ---------------------------------------------------------------- asked in a thread
@pytest.fixture
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine has no program of its own; what was asked has ended when the test does."""
    monkeypatch.setattr(discovery, "candidates", list)
    yield
    asking.wait(SECONDS)
    assert not asking.is_under_way


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nothing_else")
def test_an_added_program_is_there_at_once_and_says_later_what_it_is(
    admin_client: Client, orders: Orders
) -> None:
    answer = admin_client.post("/engines/programs/add/", {"command": orders.program})
    assert answer["Location"] == "/engines/programs/"
    assert EngineBinary.objects.get().kind == BinaryKind.ADDED
    asking.wait(SECONDS)
    row = EngineBinary.objects.get()
    assert row.probed_at is not None and not row.problem and row.knows("--ctx-size")
    html = text(admin_client)
    assert "works" in html and "hx-trigger" not in html.split('id="programs"')[1].split(">")[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nothing_else")
def test_one_that_is_no_llama_server_says_so(admin_client: Client) -> None:
    admin_client.post("/engines/programs/add/", {"command": f"{sys.executable} -c 'print(1)'"})
    asking.wait(SECONDS)
    html = text(admin_client)
    assert "unusable" in html
    assert "It does not say what version of llama-server it is." in html


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nothing_else")
def test_while_it_is_asked_the_page_looks_again_by_itself(
    admin_client: Client, tmp_path: Path
) -> None:
    fifo = tmp_path / "answers"
    script = tmp_path / "slow"
    script.write_text(f"#!/bin/sh\nwhile [ ! -e {fifo} ]; do sleep 0.05; done\nexit 1\n")
    script.chmod(0o700)
    admin_client.post("/engines/programs/add/", {"command": str(script)})
    html = text(admin_client, **HTMX)
    assert 'hx-trigger="load delay:1s"' in html and "being asked" in html
    program = EngineBinary.objects.get()
    answer = admin_client.post(
        f"/engines/programs/{program.pk}/change/", {"do": "remove"}, follow=True
    )
    assert "when that is done" in answer.content.decode()
    fifo.touch()
    asking.wait(SECONDS)
    assert EngineBinary.objects.get().problem


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nothing_else")
def test_looking_again_asks_all_anew(admin_client: Client, orders: Orders) -> None:
    program = added_program(orders.program)
    EngineBinary.objects.update(build="old", probed_at=timezone.now())
    admin_client.post("/engines/programs/ask/")
    asking.wait(SECONDS)
    program.refresh_from_db()
    assert program.build != "old"
