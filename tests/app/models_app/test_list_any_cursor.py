from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models_app.lists.listing import SORT_KEYS, read, turn

pytestmark = pytest.mark.django_db

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
SORTS = st.sampled_from([f"{sign}{key}" for key in SORT_KEYS for sign in ("", "-")])
MOMENTS = st.datetimes().map(str) | st.sampled_from(
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00+00:00"]
)


def cursor_of(parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("address", ["/models/", "/api/models/"])
def test_a_time_that_no_utc_clock_shows_is_refused(
    admin_client: Client, address: str, moment: str
) -> None:
    cursor = cursor_of([False, "added", False, moment, 1])
    response = admin_client.get(address, {"sort": "added", "cursor": cursor})
    assert response.status_code == (200 if address == "/models/" else 422)


@given(sort=SORTS, value=JSON | MOMENTS, favourite=JSON, backwards=st.booleans(), row=JSON)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cursor_is_refused_or_is_a_page(
    sort: str, value: Any, favourite: Any, backwards: bool, row: Any
) -> None:
    query, problems = read(
        {"sort": sort, "cursor": cursor_of([backwards, sort, favourite, value, row])}
    )
    assert set(problems) <= {"cursor"}
    assert turn(query, ("id",)).rows == []


@given(JSON)
def test_any_other_json_is_no_cursor(parts: Any) -> None:
    assert list(read({"cursor": cursor_of(parts)})[1]) == ["cursor"]
