from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from live_app.core.frames import Field
from live_app.core.vector import Vector
from live_app.topic import Topic
from tests.fakes.mirror import Mirror

VALUES = st.one_of(st.none(), st.integers(-3, 3), st.floats(-1e6, 1e6))


def vectors(size: int) -> st.SearchStrategy[list[list[float | None]]]:
    return st.lists(st.lists(VALUES, min_size=size, max_size=size), min_size=1, max_size=8)


def applied(flat: list[float | None], before: list[float | None]) -> list[float | None]:
    after = list(before)
    for index, value in zip(flat[::2], flat[1::2], strict=True):
        after[int(index or 0)] = value
    return after


@given(st.integers(0, 6).flatmap(lambda size: st.tuples(vectors(size), vectors(size))))
def test_what_changed_since_any_moment_leads_to_the_newest_values(
    halves: tuple[list[list[float | None]], list[list[float | None]]],
) -> None:
    history = halves[0] + halves[1]
    vector = Vector(history[0], 100)
    seen = {100: history[0]}
    for values in history[1:]:
        vector.update(values)
        seen[vector.seq] = values
    for seq, values in seen.items():
        assert applied(vector.since(seq), values) == history[-1]


def test_nothing_changed_is_no_change() -> None:
    vector = Vector([1, None, 0.5], 7)
    assert not vector.update([1.0, None, 0.5])
    assert vector.seq == 7
    assert vector.since(7) == []


def test_only_what_changed_is_told() -> None:
    vector = Vector([1, None, 0.5], 7)
    vector.update([1, 2, 0.5])
    vector.update([1, None, 0.6])
    assert vector.since(7) == [1, None, 2, 0.6]
    assert vector.since(8) == [1, None, 2, 0.6]
    assert vector.since(9) == []


STEPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.lists(VALUES, min_size=3, max_size=3), st.booleans()),
    min_size=1,
    max_size=12,
)


@given(STEPS)
def test_whichever_frames_are_skipped_the_browser_ends_at_the_same_values(
    steps: list[tuple[str, list[float | None], bool]],
) -> None:
    """The letter names a schema; the truth value says whether the browser keeps up."""
    topic, mirror = Topic("host", 1000), Mirror()
    seen: int | None = None
    for schema, values, keeps_up in [*steps, (*steps[-1][:2], True)]:
        fields = tuple(Field(f"host/{schema}/{number}", "other") for number in range(3))
        topic.offer(fields, values, 1.0, "")
        topic.settle()
        while keeps_up and (news := topic.frame_after(seen)) is not None:
            frame, seen = news
            mirror.take(frame.text)
    newest = topic.newest()
    assert newest is not None
    assert mirror.values["host"] == newest[1]
    assert mirror.keys["host"] == [field.key for field in newest[0]]


def test_who_is_one_behind_gets_the_frame_of_all_others() -> None:
    topic = Topic("host", 0)
    fields = (Field("host/load_1", "count"),)
    for load in (1, 2):
        topic.offer(fields, [load], 5.0, "")
        topic.settle()
    first, second = topic.frame_after(1), topic.frame_after(1)
    assert first is not None
    assert second is not None
    assert first[0] is second[0]
    assert json.loads(first[0].text) == {
        "op": "delta",
        "topic": "host",
        "seq": 2,
        "t": 5.0,
        "d": [0, 2],
    }


def test_a_skipped_change_is_named_by_from() -> None:
    topic = Topic("host", 0)
    for load in (1, 2, 3):
        topic.offer((Field("host/load_1", "count"),), [load], 5.0, "")
        topic.settle()
    news = topic.frame_after(1)
    assert news is not None
    assert json.loads(news[0].text)["from"] == 2


def test_a_second_publisher_is_not_heard_while_the_first_publishes() -> None:
    topic = Topic("host", 0)
    fields = (Field("host/load_1", "count"),)
    assert topic.offer(fields, [1], 5.0, "")
    assert not topic.offer(fields, [2], 5.0, "another process")


def test_when_nearly_all_has_changed_the_whole_vector_is_shorter() -> None:
    topic = Topic("host", 0)
    fields = tuple(Field(f"host/core_ratio/{number}", "ratio") for number in range(64))
    topic.offer(fields, [0.0] * 64, 5.0, "")
    topic.settle()
    topic.offer(fields, [0.5] * 64, 6.0, "")
    topic.settle()
    news = topic.frame_after(1)
    assert news is not None
    assert json.loads(news[0].text)["op"] == "snap"
    assert news[1] == 2
