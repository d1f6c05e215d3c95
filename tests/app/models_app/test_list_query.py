from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.lists.keyset import Cursor
from models_app.lists.listing import SORT_KEYS, ListQuery, read, turn
from tests.factories import make_model

PARAMETERS = ("q", "arch", "kind", "state", "root", "fits", "hidden", "sort", "cursor", "limit")


def test_nothing_asked_is_the_first_page_of_what_can_be_used() -> None:
    query, problems = read({})
    assert not problems
    assert (query.state, query.sort, query.limit, query.cursor) == ("usable", "name", 50, None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("state", "gone"),
        ("kind", "poem"),
        ("fits", "everywhere"),
        ("root", "-1"),
        ("root", "9" * 5000),
        ("root", "99999999999999999999"),
        ("root", "१२"),
        ("hidden", "yes"),
        ("sort", "--name"),
        ("sort", "path"),
        ("limit", "0"),
        ("limit", "1001"),
        ("q", "x" * 201),
        ("cursor", "not a cursor"),
        ("colour", "red"),
    ],
)
def test_a_wrong_value_is_named_and_left_out(name: str, text: str) -> None:
    query, problems = read({name: text})
    assert list(problems) == [name]
    assert query == ListQuery()


def test_the_right_ones_count_beside_a_wrong_one() -> None:
    query, problems = read({"arch": "llama", "limit": "no"})
    assert query.arch == "llama"
    assert list(problems) == ["limit"]


def test_an_address_says_only_what_differs() -> None:
    query, _ = read({"q": "a b", "sort": "-size", "state": "usable", "hidden": "1"})
    assert query.address() == "q=a+b&hidden=1&sort=-size"
    assert query.address(sort="name", hidden=False, q="") == ""


def test_an_address_is_read_back_as_the_same_question() -> None:
    cursor = Cursor(False, "-size", True, 12, 3)
    query = ListQuery(q="ä&=", arch="llama", root=4, sort="-size", cursor=cursor, limit=7)
    again, problems = read(dict(parse_qsl(query.address())))
    assert not problems
    assert again == query


def test_a_cursor_of_another_order_is_refused() -> None:
    cursor = Cursor(False, "name", True, "x", 3).encode()
    assert list(read({"sort": "-size", "cursor": cursor})[1]) == ["cursor"]


@pytest.mark.parametrize("value", [None, 1.5, 1 << 62, "text", True, [], "\0", {}])
@pytest.mark.parametrize("sort", ["name", "params"])
def test_a_cursor_with_a_value_of_another_type_is_refused(sort: str, value: object) -> None:
    is_number = type(value) is int or value is None
    right = is_number if sort == "params" else isinstance(value, str) and value != "\0"
    cursor = Cursor(False, sort, False, value, 1).encode()  # type: ignore[arg-type]
    assert bool(read({"sort": sort, "cursor": cursor})[1]) is not right


@given(st.dictionaries(st.sampled_from(PARAMETERS), st.text(max_size=30)))
def test_any_text_is_used_or_named_but_never_raises(given_text: dict[str, str]) -> None:
    query, problems = read(given_text)
    assert query.sort.removeprefix("-") in SORT_KEYS
    assert set(problems) <= set(given_text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"can": "tools"}, ["big", "small"]),
        ({"can": "vision"}, ["small"]),
        ({"min_params": "7000000000"}, ["big"]),
        ({"min_context": "8192"}, ["small"]),
        ({"can": "tools", "min_params": "1", "min_context": "1"}, ["big", "small"]),
    ],
)
def test_models_are_found_by_what_they_can_and_how_big_they_are(
    asked: dict[str, str], names: list[str]
) -> None:
    make_model("small", files=False, parameters=10**9, capabilities=["tools", "vision"])
    make_model("big", files=False, parameters=7 * 10**9, context_length=4096)
    make_model("dark", files=False, parameters=None, context_length=None, capabilities=[])
    query, problems = read(asked)
    assert not problems and query.is_filtered
    assert [row["name"] for row in turn(query, ("name",)).rows] == names
    assert dict(query.kept) == asked
