"""The doctor's checks, run from the page of the system."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from agent_app.doctor import apart
from agent_app.doctor.apart import NotExamined, examine_apart, read_examined
from engine_app.child_environment import MARK, owner
from engine_app.running import identity
from llamadash.system import doctor
from tests.fakes.serving import wait_until

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _nothing_looked_at_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_latest", None)


def said(**over: Any) -> str:
    check = {"name": "clock", "result": "ok", "found": "ticks", "advice": ""} | over
    return json.dumps({"version": "1", "result": "ok", "checks": [check]})


def test_the_page_looks_at_nothing_by_itself(admin_client: Client) -> None:
    html = admin_client.get("/system/").content.decode()
    assert "Look now" in html and "need a look" not in html


def test_a_look_shows_the_results_with_what_to_do_and_they_stay_on_the_page(
    admin_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMADASH_DATA_DIR", str(tmp_path / "nothing yet"))
    html = admin_client.post("/system/doctor/", headers=HTMX).content.decode()
    assert html.startswith('<section class="sec" id="doctor"')
    for words in ("packages", "engine ports", "clock", "manage.py serve makes it", "need a look"):
        assert words in html
    assert "manage.py serve makes it" in admin_client.get("/system/").content.decode()


def test_a_second_look_waits_for_the_end_of_the_first(admin_client: Client) -> None:
    with apart._one:
        answer = admin_client.post("/system/doctor/", follow=True)
        with pytest.raises(NotExamined, match="already"):
            examine_apart(8000)
    assert "It is being looked at already" in answer.content.decode()


def test_an_account_that_may_only_look_cannot_run_it(client: Client) -> None:
    client.force_login(User.objects.create_user("viewer"))
    assert client.post("/system/doctor/").status_code == 403


def test_what_is_found_is_text_whatever_it_says(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read_examined(f"12:00 a line of the log\n{said(found='<b>x</b>', result='fail')}\n")
    monkeypatch.setattr(doctor, "examine_apart", lambda port: found)
    html = admin_client.post("/system/doctor/", headers=HTMX).content.decode()
    assert "&lt;b&gt;x&lt;/b&gt;" in html and "1 of 1 need a look" in html


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "Killed", said(result="great"), '{"result": "ok", "checks": [1]}']
)
def test_an_answer_that_cannot_be_read_is_no_result(text: str) -> None:
    with pytest.raises(NotExamined, match="without a result"):
        read_examined(text)


def test_what_it_was_asking_when_its_time_was_over_is_named_and_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apart, "SECONDS", 0.01)
    gone = f"{owner()}:question.{1 << 22}.1.1"
    words = ["sleep", "611"]
    with subprocess.Popen(words, env={**os.environ, MARK: gone}, start_new_session=True) as hangs:
        try:
            wait_until(lambda: identity.mark(hangs.pid) == gone, "the program to be itself")
            with pytest.raises(NotExamined, match="It was asking what this is: sleep 611"):
                examine_apart(8000)
            assert hangs.wait(5) == -9
        finally:
            hangs.kill()
