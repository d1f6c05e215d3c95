from __future__ import annotations

from proxy_app.core.choosing import FIRST, LOADED, SPILL, Member, chosen

COLD = Member("cold", is_ready=False, load=0)
IDLE = Member("idle", is_ready=True, load=0)
FULL = Member("full", is_ready=True, load=1)


def name(*members: Member, how: str) -> str | None:
    found = chosen(members, how)
    return None if found is None else found.name


def test_of_none_none_is_chosen() -> None:
    assert name(how=LOADED) is None


def test_the_first_is_the_first_whatever_runs() -> None:
    assert name(COLD, IDLE, how=FIRST) == "cold"


def test_one_that_is_loaded_comes_before_one_that_is_not() -> None:
    assert name(COLD, FULL, how=LOADED) == "full"


def test_where_none_is_loaded_the_first_is() -> None:
    assert name(COLD, Member("other", False, 0), how=LOADED) == "cold"


def test_a_request_spills_over_to_a_free_slot() -> None:
    assert name(FULL, IDLE, COLD, how=SPILL) == "idle"


def test_where_all_are_full_another_one_is_loaded() -> None:
    assert name(FULL, COLD, how=SPILL) == "cold"


def test_where_all_are_full_the_shortest_line_is_taken() -> None:
    assert name(FULL, Member("longer", True, 3), how=SPILL) == "full"


def test_one_that_has_failed_is_left_out_while_there_are_others() -> None:
    failed = Member("failed", False, 0, has_failed=True)
    assert name(failed, COLD, how=FIRST) == "cold"
    assert name(failed, how=FIRST) == "failed"
