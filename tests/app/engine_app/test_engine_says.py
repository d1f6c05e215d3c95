"""What a running engine says of itself, and what it was given, on its page."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from engine_app.core.chat_template import ChatTemplate, read_chat_template
from engine_app.models import Engine
from engine_app.pages.engine_says import template_name
from engine_app.running import key_files
from engine_app.running.rows import rows
from tests.fakes.supervised import Orders, demo_model, supervised
from tests.requirements_here import need

pytestmark = pytest.mark.django_db(transaction=True)
HTMX = {"HX-Request": "true"}


def logged_in(*, staff: bool) -> Client:
    client = Client()
    user, _ = User.objects.get_or_create(username=f"staff {staff}", is_staff=staff)
    client.force_login(user)
    return client


def page(engine: Engine, *, staff: bool = True, part: str = "") -> str:
    client = logged_in(staff=staff)
    query = {"part": part} if part else {}
    answer = client.get(f"/engines/{engine.pk}/", query, headers=HTMX if part else {})
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.engine
async def test_its_facts_come_after_the_page_and_end_with_its_process(
    tmp_path: Path,
) -> None:
    need(importlib.util.find_spec("xllamacpp") is not None, "the engine is not installed")
    model = await rows(lambda: demo_model(tmp_path / "models"))
    async with supervised() as here:
        engine = await here.start(model)
        before = await rows(lambda: page(engine))
        assert "It was not asked yet." in before and "part=says" in before
        said = await rows(lambda: page(engine, staff=False, part="says"))
        assert "tokens" in said and "the model's own" in said and str(tmp_path) not in said
        await here.stop(engine)
        gone = await rows(lambda: page(Engine.objects.get(pk=engine.pk), part="says"))
        assert "It has no process." in gone


async def test_the_environment_of_its_process_is_for_staff_and_hides_its_key(
    tmp_path: Path, orders: Orders
) -> None:
    model = await rows(lambda: demo_model(tmp_path / "models"))
    async with supervised() as here:
        engine = await here.start(model)
        for_staff = await rows(lambda: page(engine))
        for_others = await rows(lambda: page(engine, staff=False))
    assert 'LLAMA_API_KEY</dt><dd class="mono any">(hidden)' in for_staff
    assert key_files.key_of(engine.pk) not in for_staff
    assert "LLAMA_API_KEY" not in for_others


async def test_one_that_tells_no_facts_is_said_to(tmp_path: Path, orders: Orders) -> None:
    model = await rows(lambda: demo_model(tmp_path / "models"))
    async with supervised() as here:
        engine = await here.start(model)
        said = await rows(lambda: page(engine, part="says"))
        assert "This build does not say (status 200)." in said
        # Once: no trigger that would ask again and again.
        assert "load," not in said


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, None),
        ({"chat_template": 7}, None),
        ({"chat_template": ""}, ChatTemplate(0, None)),
        (
            {"chat_template": "{{ x }}", "chat_template_caps": {"supports_tools": True, "x": True}},
            ChatTemplate(7, ("tools",)),
        ),
        ({"chat_template": "a", "chat_template_caps": "all"}, ChatTemplate(1, None)),
    ],
)
def test_of_a_template_its_size_and_what_it_can_are_read(
    answer: object, expected: ChatTemplate | None
) -> None:
    assert read_chat_template(answer) == expected


def test_a_template_has_the_name_that_its_command_line_gave_it() -> None:
    assert template_name(["llama-server", "--chat-template", "chatml"]) == "chatml"
    assert template_name(["llama-server", "--chat-template", "{% if" * 100]) == "written out"
    assert template_name(["llama-server", "--chat-template"]) == ""
