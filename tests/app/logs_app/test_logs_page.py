from __future__ import annotations

import html
import logging
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from logs_app import application_log, history, lifecycle, names
from logs_app.names import Name
from tests.logs import Pumping, llama, print_as_child, pumped

pytestmark = pytest.mark.django_db
ENGINE = "engine.7"
PAYLOAD = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7 }}"


@pytest.fixture
def viewer() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("viewer"))
    return client


def page(client: Client, address: str, **headers: str) -> str:
    response = client.get(f"/logs/{address}", headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def shown(text: str) -> list[str]:
    """The lines on the page, without their times."""
    found = re.findall(r'<span class="ln[^>]*>(.*?)\n</span>', text, re.DOTALL)
    plain = [html.unescape(re.sub(r"<[^>]*>", "", line)) for line in found]
    return [line.partition(" ")[2].strip() for line in plain]


def test_the_newest_lines_are_drawn_by_the_server(admin_client: Client) -> None:
    pumped(ENGINE, b"".join(llama(f"line {n}") for n in range(400)))
    lines = shown(page(admin_client, f"?source={ENGINE}"))
    assert len(lines) == 300
    assert lines[-1] == "0.00.001.695 I srv  line 399"


def test_older_lines_are_one_link_away_and_newer_ones_too(admin_client: Client) -> None:
    pumped(ENGINE, b"".join(llama(f"line {n}") for n in range(400)))
    text = page(admin_client, f"?source={ENGINE}")
    older = re.search(r'href="(\?[^"]*)" rel="prev"', text)
    assert older
    text = page(admin_client, html.unescape(older[1]))
    assert shown(text)[0] == "0.00.001.695 I srv  line 0"
    assert len(shown(text)) == 100
    newer = re.search(r'href="(\?[^"]*)" rel="next"', text)
    assert newer
    text = page(admin_client, html.unescape(newer[1]))
    assert shown(text)[0] == "0.00.001.695 I srv  line 100"


def test_a_hostile_line_is_text(admin_client: Client) -> None:
    lifecycle.note(ENGINE, "error", PAYLOAD)
    pumped(ENGINE, llama(PAYLOAD) + f"\x1b[31m{PAYLOAD}\x1b[0m\n".encode())
    for address in (f"?source={ENGINE}", f"?source={ENGINE}&q=alert", "?source=all"):
        text = page(admin_client, address)
        assert "<script>alert" not in text
        assert "<img" not in text
        assert any(PAYLOAD in line for line in shown(text))


def test_what_was_searched_is_escaped_and_marked(admin_client: Client) -> None:
    pumped(ENGINE, llama("out of <MEMORY>") + llama("fine"))
    text = page(admin_client, f"?source={ENGINE}&q=<memory>")
    assert shown(text) == ["0.00.001.695 I srv  out of <MEMORY>"]
    assert "<mark>&lt;MEMORY&gt;</mark>" in text


def test_colours_are_classes_and_warnings_have_theirs(admin_client: Client) -> None:
    pumped(ENGINE, llama("a \x1b[32mgreen\x1b[0m word", "W"))
    text = page(admin_client, f"?source={ENGINE}")
    assert '<span class="ag">green</span>' in text
    assert '<span class="ln w"' in text
    assert "\x1b" not in text


def test_a_line_has_an_address_that_shows_it_among_its_neighbours(admin_client: Client) -> None:
    pumped(ENGINE, b"".join(llama(f"line {n}") for n in range(1000)))
    place = history.before(ENGINE, history.EVERYTHING, None, 500).lines[0].place
    text = page(admin_client, f"?source={ENGINE}&line={place}")
    assert f'id="l{place}"' in text
    lines = shown(text)
    assert lines.index("0.00.001.695 I srv  line 500") == 150
    assert len(lines) == 300


def test_warnings_of_all_sources_are_on_one_page(admin_client: Client) -> None:
    print_as_child("engine.8", llama("b", "E") + llama("quiet"))
    pumped(ENGINE, llama("a", "W"))
    text = page(admin_client, "?source=all")
    assert {line.split(" ", 2)[2] for line in shown(text)} == {
        "0.00.001.695 W srv  a",
        "0.00.001.695 E srv  b",
    }
    assert len(shown(page(admin_client, "?source=all&level=error"))) == 1


def test_htmx_gets_the_lines_only(admin_client: Client) -> None:
    pumped(ENGINE, llama("a"))
    text = page(admin_client, f"?source={ENGINE}", **{"HX-Request": "true"})
    assert text.lstrip().startswith('<section id="logs"')


def test_wrong_filters_are_left_out_and_said(admin_client: Client) -> None:
    pumped(ENGINE, llama("a"))
    text = page(admin_client, f"?source={ENGINE}&level=bad&limit=0&x=1&before=1&after=2&at=noon")
    for name in ("level", "limit", "x", "after", "at"):
        assert f"{name}: " in text


def test_a_wrong_expression_is_said_on_the_page(admin_client: Client) -> None:
    pumped(ENGINE, llama("a"))
    assert "cannot be read" in page(admin_client, f"?source={ENGINE}&q=(&regex=1")


@pytest.mark.parametrize("source", ["engine.99", "../etc", "engine.7/../app", ".", "%00", "a%0Ab"])
def test_what_is_no_source_is_not_shown(admin_client: Client, source: str) -> None:
    pumped(ENGINE, llama("a"))
    assert admin_client.get(f"/logs/?source={source}").status_code in (200, 404)
    assert "root:" not in admin_client.get(f"/logs/?source={source}").content.decode()
    assert admin_client.get(f"/api/logs/?source={source}").status_code in (404, 422)
    assert admin_client.get(f"/logs/export/log/?source={source}").status_code in (400, 404)


def test_without_any_log_the_page_says_so(admin_client: Client) -> None:
    assert "Nothing was written yet." in page(admin_client, "")


def test_this_programs_own_log_is_for_staff(admin_client: Client, viewer: Client) -> None:
    handler = application_log.start()
    logging.getLogger("axes").warning("locked out")
    application_log.stop(handler)
    pumped(ENGINE, llama("a", "W"))
    assert "locked out" in page(admin_client, "?source=app")
    assert "locked out" in page(admin_client, "?source=all")
    assert "locked out" not in page(viewer, "?source=all")
    assert "?source=app" not in page(viewer, "")
    for address in ("/logs/?source=app", "/logs/export/log/?source=app", "/api/logs/?source=app"):
        assert viewer.get(address).status_code == 404


def test_sources_are_called_as_their_owners_say(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_resolvers", {})
    names.register("engine.", lambda some: {each: Name("engine 7", "Qwen <3>", 2) for each in some})
    pumped(ENGINE, llama("a", "W"))
    text = page(admin_client, "?source=all")
    assert '<i class="sw s2"></i>engine 7 <span class="mut">Qwen &lt;3&gt;</span>' in text
    Pumping().run()
