from __future__ import annotations

import re
import time

import pytest
from django.test import Client

from tests.fakes.measured import HOST, measured

PAGE = "/monitoring/"


def html_of(client: Client, query: str, status: int = 200) -> str:
    with measured(HOST, seconds=30):
        answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == status
    return answer.content.decode()


def chosen(html: str) -> list[str]:
    return re.findall(r'aria-current="true">([^<]+)</a>', html)


def test_the_chosen_range_is_marked_and_follows_now(admin_client: Client) -> None:
    html = html_of(admin_client, "?range=6h")
    assert chosen(html) == ["6 h", "Local time"]
    assert "follows now" in html and " follow>" in html


def test_a_range_of_ones_own_does_not_follow(admin_client: Client) -> None:
    html = html_of(admin_client, "?start=2026-01-01T00:00&end=2026-01-02T00:00")
    assert chosen(html) == ["Local time"]
    assert "follows now" not in html and " follow>" not in html
    assert '<time datetime="2026-01-01T00:00:00Z"' in html
    assert ">last</th>" in html and ">now</th>" not in html


def test_the_ends_of_a_short_range_are_told_with_their_seconds(admin_client: Client) -> None:
    html = html_of(admin_client, "?start=2026-01-01T00:00:10&end=2026-01-01T00:10:09")
    assert "2026-01-01 00:00:10 UTC</time> to <time" in html
    html = html_of(admin_client, "?start=2026-01-01T00:00:10&end=2026-01-01T00:10:10")
    assert "2026-01-01 00:00 UTC</time> to <time" in html


def test_a_range_that_has_not_ended_is_none_of_the_past(admin_client: Client) -> None:
    now = int(time.time())
    assert "a range of the past</p>" in html_of(admin_client, f"?start={now - 60}&end={now - 30}")
    html = html_of(admin_client, f"?start={now - 60}&end={now + 600}")
    assert "a range that has not ended yet</p>" in html


def test_links_keep_what_else_is_chosen(admin_client: Client) -> None:
    html = html_of(admin_client, "?range=6h&tz=utc&chart=cpu")
    assert 'href="?range=24h&amp;tz=utc&amp;chart=cpu"' in html
    assert 'href="?range=6h&amp;tz=utc&amp;view=table&amp;chart=cpu"' in html
    assert 'href="/monitoring/export/csv/?range=6h&amp;tz=utc&amp;chart=cpu"' in html


def test_the_zone_is_told_to_the_browser(admin_client: Client) -> None:
    assert '<html lang="en" data-zone="utc">' in html_of(admin_client, "?tz=utc")
    assert '<html lang="en" data-zone="local">' in html_of(admin_client, "?tz=mars")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?range=never", "Give one of 5m"),
        ("?start=tomorrow", "“tomorrow” is no time"),
        ("?start=2026-02-02&end=2026-02-01", "later than the start"),
        ("?start=1&end=2", "between the years 2000 and 2200"),
        ("?start=NaN", "is no time"),
    ],
)
def test_a_wrong_range_is_refused_in_words_with_its_form_open(
    admin_client: Client, query: str, says: str
) -> None:
    html = html_of(admin_client, query, status=422)
    assert says in html
    assert '<details class="custom" open>' in html
    assert "<live-chart" not in html


def test_an_error_belongs_to_its_field(admin_client: Client) -> None:
    html = html_of(admin_client, "?start=2026-02-02T10:00&end=2026-02-01T10:00", status=422)
    field = html.split('id="end"')[1].split(">")[0]
    assert 'aria-invalid="true" aria-describedby="end-err"' in field
    assert 'value="2026-02-01T10:00:00"' in field


def test_a_hostile_range_is_text(admin_client: Client) -> None:
    html = html_of(admin_client, "?start=%3Cscript%3Ealert(1)%3C/script%3E", status=422)
    assert "<script>alert" not in html


def test_an_unknown_chart_is_not_there(admin_client: Client) -> None:
    html_of(admin_client, "?chart=nonsense", status=404)
    html_of(admin_client, "?chart=cpu%00", status=404)
