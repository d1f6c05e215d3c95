from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from agent_app import setup_link
from settings_app.models import Setting

pytestmark = pytest.mark.django_db


def test_the_link_works_once() -> None:
    token = setup_link.issue()
    mark = setup_link.check(token)
    assert mark is not None and setup_link.claim(mark)
    assert not setup_link.claim(mark)


def test_a_new_link_voids_the_old_one() -> None:
    old = setup_link.issue()
    new = setup_link.issue()
    assert not setup_link.check(old)
    assert setup_link.check(new)


def test_five_wrong_tries_use_the_link_up() -> None:
    token = setup_link.issue()
    for _ in range(setup_link.TRIES):
        assert not setup_link.claim("wrong")
    assert not setup_link.check(token)


def test_opening_wrong_links_leaves_the_right_one_alone() -> None:
    token = setup_link.issue()
    for _ in range(setup_link.TRIES * 2):
        assert not setup_link.check("wrong")
    assert setup_link.check(token)


def test_whether_a_link_waits_is_known() -> None:
    assert not setup_link.is_waiting()
    setup_link.issue()
    assert setup_link.is_waiting()
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert not setup_link.is_waiting()


def test_the_link_expires() -> None:
    token = setup_link.issue()
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert not setup_link.check(token)


def test_no_link_makes_a_second_admin() -> None:
    token = setup_link.issue()
    User.objects.create_superuser("mira", password="x")
    assert not setup_link.is_open()
    assert not setup_link.check(token)


def test_the_token_itself_is_not_stored() -> None:
    token = setup_link.issue()
    assert token not in str(Setting.objects.get(key=setup_link.KEY).value)


@pytest.mark.parametrize("token", ["", "\ud800", "x" * 100_000, "'; drop table"])
def test_strange_tokens_are_just_wrong(token: str) -> None:
    setup_link.issue()
    assert not setup_link.check(token)
