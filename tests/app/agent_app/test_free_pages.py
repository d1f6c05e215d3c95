"""A file that is much too large is made smaller, in steps."""

from __future__ import annotations

import pytest
from django.db import connection

from agent_app import free_pages
from metrics_app.models import Sample
from tests.figures import DAY, MIDNIGHT, samples

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="a matter of SQLite's files"),
]


def pragma(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return int(cursor.fetchone()[0])


def test_pages_are_given_back_when_a_fifth_of_them_is_free() -> None:
    samples(range(MIDNIGHT, MIDNIGHT + 4 * DAY, 10))
    Sample.objects.all().delete()
    before = pragma("page_count")
    assert pragma("freelist_count") > before / 5
    steps = list(free_pages.give_back())
    assert max(steps) <= free_pages.PAGES and len(steps) > 2
    assert pragma("page_count") == before - sum(steps)
    assert pragma("freelist_count") <= pragma("page_count") / 10


def test_a_few_free_pages_are_left_to_be_used_again() -> None:
    list(free_pages.give_back())
    samples(range(MIDNIGHT, MIDNIGHT + DAY, 10))
    Sample.objects.filter(at__lt=MIDNIGHT + DAY // 20).delete()
    assert list(free_pages.give_back()) == []
