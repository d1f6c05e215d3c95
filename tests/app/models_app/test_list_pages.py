from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from models_app.lists.listing import SORT_KEYS, ListQuery, everything, turn
from tests.factories import GIB, make_model, make_root

pytestmark = pytest.mark.django_db

ORDERS = [f"{sign}{key}" for key in SORT_KEYS for sign in ("", "-")]


def ids(rows: list[dict[str, object]]) -> list[object]:
    return [row["id"] for row in rows]


@pytest.fixture
def seventeen() -> None:
    """Equal values, unknown values, favourites: all that makes a page border difficult."""
    now = timezone.now()
    for n in range(17):
        known = n % 4 != 0
        make_model(
            f"model {n % 5}",
            files=False,
            favourite=n % 6 == 0,
            kind=("chat", "embedding")[n % 2],
            state=("ok", "incomplete")[n % 3 == 0],
            architecture=("llama", "qwen3")[n % 2] if known else None,
            quantization="Q8_0" if n % 3 else None,
            parameters=n % 3 * 10**9 if known else None,
            context_length=4096 if n % 2 else None,
            size_bytes=n % 4 * GIB,
            weights_bytes=GIB * (n % 3) if known else None,
            first_seen_at=now - timedelta(hours=n % 3),
            last_used_at=now if n % 5 == 1 else None,
        )


@pytest.mark.usefixtures("seventeen")
@pytest.mark.parametrize("sort", ORDERS)
def test_pages_in_both_directions_are_the_whole_list(sort: str) -> None:
    query = ListQuery(sort=sort, limit=5)
    whole = ids(turn(replace(query, limit=1000), ("id",)).rows)
    assert len(set(whole)) == 17

    pages = [turn(query, ("id",))]
    while pages[-1].next:
        pages.append(turn(replace(query, cursor=pages[-1].next), ("id",)))
    assert [i for page in pages for i in ids(page.rows)] == whole
    assert [len(page.rows) for page in pages] == [5, 5, 5, 2]

    back = pages[-1]
    for expected in reversed(pages[:-1]):
        assert back.previous is not None
        back = turn(replace(query, cursor=back.previous), ("id",))
        assert ids(back.rows) == ids(expected.rows)
    assert back.previous is None and back.next is not None


@pytest.mark.usefixtures("seventeen")
@pytest.mark.parametrize("sort", ORDERS)
def test_favourites_are_first_and_unknown_values_last(sort: str) -> None:
    query = ListQuery(sort=sort)
    rows = turn(query, ("favourite",)).rows
    favourites = [row["favourite"] for row in rows]
    assert favourites == sorted(favourites, reverse=True)
    for favourite in (True, False):
        unknown = [row[query.key.field] is None for row in rows if row["favourite"] is favourite]
        assert unknown == sorted(unknown)


def test_a_model_that_appears_before_the_page_shifts_nothing() -> None:
    for name in ("b", "c", "d", "e"):
        make_model(name, files=False)
    query = ListQuery(limit=2)
    first = turn(query, ("name",))
    make_model("a", files=False)
    second = turn(replace(query, cursor=first.next), ("name",))
    assert [row["name"] for row in second.rows] == ["d", "e"]


def test_hidden_models_are_listed_only_when_asked_for() -> None:
    make_model("seen", files=False)
    make_model("hidden", files=False, hidden=True)
    assert len(turn(ListQuery(), ()).rows) == 1
    assert len(turn(ListQuery(hidden=True), ()).rows) == 2


def test_models_of_a_folder_that_is_off_are_not_listed() -> None:
    make_model("on", files=False)
    make_model("off", files=False, root=make_root("/srv/off", enabled=False))
    assert [row["name"] for row in turn(ListQuery(state="all"), ("name",)).rows] == ["on"]


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("usable", ["incomplete", "ok"]),
        ("problems", ["incomplete", "invalid", "missing", "unreadable"]),
        ("all", ["incomplete", "invalid", "missing", "ok", "unreadable"]),
        ("missing", ["missing"]),
    ],
)
def test_states_are_listed_as_their_tab_says(state: str, names: list[str]) -> None:
    for each in ("ok", "incomplete", "invalid", "missing", "unreadable"):
        make_model(each, files=False, state=each)
    assert [row["name"] for row in turn(ListQuery(state=state), ("name",)).rows] == names


def test_all_words_must_be_found_somewhere() -> None:
    make_model("Qwen3 Coder", files=False, quantization="Q8_0", tags=["work"])
    make_model("Gemma 100%", files=False, quantization="Q8_0")
    for text, n_found in (("q8_0", 2), ("CODER q8", 1), ("work", 1), ("coder gemma", 0), ("0%", 1)):
        assert len(turn(ListQuery(q=text), ()).rows) == n_found, text


def test_everything_passes_page_borders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models_app.lists.listing.MAX_ROWS", 2)
    for name in "abcde":
        make_model(name, files=False)
    rows = everything(ListQuery(limit=1), ("name",))
    assert [row["name"] for row in rows] == list("abcde")
