"""What is taken from an engine's `/slots`, which may hold anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.slots import MOST_SLOTS, Slot, Speeds, n_busy, parse

NEVER_USED = {"id": 0, "n_ctx": 4096, "speculative": False, "is_processing": False}


def told(**more: Any) -> dict[str, Any]:
    return NEVER_USED | more


def working(*, decoded: int, prompt: int, read: int, cached: int = 0) -> dict[str, Any]:
    return told(
        is_processing=True,
        id_task=7,
        n_prompt_tokens=prompt,
        n_prompt_tokens_processed=read,
        n_prompt_tokens_cache=cached,
        params={"temperature": 0.8},
        next_token=[{"has_next_token": True, "n_remain": 9, "n_decoded": decoded}],
    )


def one(content: dict[str, Any]) -> Slot:
    (slot,) = parse(json.dumps([content]).encode()) or []
    return slot


def test_a_slot_that_was_never_used_says_its_size() -> None:
    assert one(NEVER_USED) == Slot(0, "idle", 4096, None)


def test_a_slot_that_reads_its_prompt() -> None:
    slot = one(working(decoded=0, prompt=401, read=100, cached=40))
    assert slot == Slot(0, "prompt", 4096, 140, n_prompt=401, n_cached=40, n_decoded=0, task=7)


def test_a_slot_that_generates() -> None:
    """The answer counts among `n_prompt_tokens`."""
    slot = one(working(decoded=18, prompt=459, read=401, cached=40))
    assert slot == Slot(0, "generating", 4096, 459, n_prompt=441, n_cached=40, n_decoded=18, task=7)


def test_an_idle_slot_keeps_what_was_in_it() -> None:
    idle = told(n_prompt_tokens=205, n_prompt_tokens_processed=0, next_token=[{"n_decoded": 0}])
    assert one(idle) == Slot(0, "idle", 4096, 205)


def test_an_older_build_tells_the_next_token_without_a_list() -> None:
    assert one(told(is_processing=True, next_token={"n_decoded": 3})).n_decoded == 3


def test_busy_slots_are_counted() -> None:
    assert n_busy([one(NEVER_USED), one(working(decoded=1, prompt=2, read=1))]) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"[1]", b'[{"id":0}]', b'[{"id":-1,"is_processing":true}]', b"[" * 99_999,
     b'[{"id":true,"is_processing":true}]', b'[{"id":0,"is_processing":1}]', b"\xff\xfe"],
)  # fmt: skip
def test_what_is_no_list_of_slots_is_refused(body: bytes) -> None:
    assert parse(body) is None


def test_of_too_many_slots_the_first_are_taken() -> None:
    body = json.dumps([told(id=number) for number in range(MOST_SLOTS + 9)]).encode()
    assert [slot.id for slot in parse(body) or []] == list(range(MOST_SLOTS))


@pytest.mark.parametrize("value", [-1, 1 << 60, 1.5, True, "9", None, [], {}])
def test_a_number_that_cannot_be_true_is_unknown(value: object) -> None:
    assert one(told(n_ctx=value)).n_ctx is None


def at(decoded: int, task: int = 7, state: Any = "generating") -> Slot:
    return Slot(0, state, 4096, None, n_decoded=decoded, task=task)


def test_a_slot_has_the_speed_of_the_time_between_two_readings() -> None:
    speeds = Speeds()
    (first,) = speeds.of([at(10)], 1.0)
    (second,) = speeds.of([at(90)], 3.0)
    assert (first.tokens_per_second, second.tokens_per_second) == (None, 40)


@pytest.mark.parametrize(
    "later", [at(90, task=8), at(5), Slot(0, "idle", 4096, 99, task=7), Slot(1, "idle", 9, 9)]
)
def test_another_answer_or_none_has_no_speed_yet(later: Slot) -> None:
    speeds = Speeds()
    speeds.of([at(10)], 1.0)
    assert [slot.tokens_per_second for slot in speeds.of([later], 3.0)] == [None]


_scalar = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
_object = st.fixed_dictionaries({}, optional={"n_decoded": _scalar, "x": _scalar})
_json = _scalar | _object | st.lists(_object | _scalar, max_size=2)
_slots = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(0, 9) | _scalar, "is_processing": st.booleans() | _scalar},
        optional=dict.fromkeys(
            ["n_ctx", "n_prompt_tokens", "n_prompt_tokens_processed", "next_token"], _json
        ),
    ),
    max_size=4,
)


@given(_slots | _json)
def test_any_answer_gives_slots_with_true_numbers_or_none(content: Any) -> None:
    for slot in parse(json.dumps(content).encode()) or []:
        numbers = (slot.id, slot.n_ctx, slot.n_used, slot.n_prompt, slot.n_decoded)
        assert all(number is None or 0 <= number <= 1 << 42 for number in numbers)
