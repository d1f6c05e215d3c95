"""Each index has a query that needs it; here SQLite says whether it uses it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count

from models_app.lists.keyset import Cursor, beyond, order
from models_app.lists.listing import ListQuery, in_state, models

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="plans are the database's own"),
]


def plan(queryset: Any) -> str:
    return str(queryset.explain())


def page(query: ListQuery) -> Any:
    found = models(query)
    if query.cursor is not None:
        found = found.filter(beyond(query.cursor, query.key, query.descending))
    backwards = query.cursor is not None and query.cursor.backwards
    return found.order_by(*order(query.key, query.descending, backwards)).values("name")[:51]


def test_the_list_is_read_in_the_order_of_its_index() -> None:
    used = plan(page(ListQuery()))
    assert "USING INDEX model_favourite_name" in used
    assert "TEMP B-TREE" not in used


def test_the_next_page_starts_inside_the_index() -> None:
    used = plan(page(ListQuery(cursor=Cursor(False, "name", False, "m", 7))))
    assert "SEARCH" in used and "model_favourite_name (favourite=? AND name>?)" in used
    assert "TEMP B-TREE" not in used


def test_the_previous_page_is_found_by_the_index() -> None:
    used = plan(page(ListQuery(cursor=Cursor(True, "name", False, "m", 7))))
    assert "model_favourite_name (favourite=? AND name<?)" in used
    assert "SCAN" not in used


def test_the_problems_are_found_by_their_state() -> None:
    assert "model_state_name (state=?)" in plan(page(ListQuery(state="problems")))


def test_a_filter_by_architecture_is_found_by_index() -> None:
    used = plan(page(replace(ListQuery(), arch="llama")))
    assert "model_architecture_name (architecture=?)" in used


def test_a_filter_by_quantization_is_found_by_index() -> None:
    used = plan(page(replace(ListQuery(), quant="Q8_0")))
    assert "model_quantization_name (quantization=?)" in used


@pytest.mark.parametrize("column", ["architecture", "quantization"])
def test_choices_are_counted_along_the_index(column: str) -> None:
    choices = in_state("usable").filter(hidden=False)
    counted = choices.values_list(column).annotate(n=Count("id")).order_by(column)
    used = plan(counted)
    assert f"USING INDEX model_{column}_name" in used
    assert "TEMP B-TREE" not in used
