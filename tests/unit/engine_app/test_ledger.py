"""The ledger against a slow judge that tries every set."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine_app.core import ledger, states
from engine_app.core.ledger import Device, Need, Occupant, Plan, plan
from engine_app.core.ledger_search import EXACT_MOST, Item, cheapest

SIZES = st.integers(0, 20)
KEYS = ("ram", "gpu")
MANY = settings(max_examples=120, deadline=None)


@st.composite
def devices(draw: st.DrawFn) -> list[Device]:
    found = []
    for key in KEYS:
        total = draw(st.integers(1, 60))
        free = draw(st.integers(0, total))
        found.append(Device(key, key.upper(), total, free, draw(st.integers(0, 4))))
    return found


@st.composite
def occupants(draw: st.DrawFn, most: int = 6) -> list[Occupant]:
    return [_occupant(draw, number) for number in range(draw(st.integers(0, most)))]


def _occupant(draw: st.DrawFn, number: int) -> Occupant:
    return Occupant(
        number,
        f"engine {number}",
        draw(st.sampled_from(states.ALIVE)),
        {key: draw(SIZES) for key in KEYS},
        {key: draw(st.integers(0, 5)) for key in KEYS},
        busy=draw(st.booleans()),
        pinned=draw(st.booleans()),
        idle_seconds=draw(st.none() | st.floats(0, 1e5)),
        cost_milliseconds=draw(st.integers(1, 50)),
    )


needs = st.builds(
    Need, st.just("estimate"), st.fixed_dictionaries({key: st.integers(0, 40) for key in KEYS})
)


def missing(found: Plan, without: tuple[Occupant, ...] = ()) -> dict[str, int]:
    """What is short on each device when these have gone too."""
    return {
        line.device.key: line.later_short_bytes
        - sum(each.gives_bytes(line.device.key) for each in without)
        for line in found.lines
    }


@MANY
@given(needs, devices(), occupants())
def test_what_is_busy_pinned_or_not_loaded_is_never_stopped(
    need: Need, there: list[Device], others: list[Occupant]
) -> None:
    for each in plan(need, there, others).evict:
        assert each.state in states.SERVING and not each.busy and not each.pinned


@MANY
@given(needs, devices(), occupants())
def test_what_is_stopped_makes_room_and_none_of_it_in_vain(
    need: Need, there: list[Device], others: list[Occupant]
) -> None:
    found = plan(need, there, others)
    if found.outcome == ledger.EVICT:
        assert all(short <= 0 for short in missing(found, found.evict).values())
        for left_out in found.evict:
            fewer = tuple(each for each in found.evict if each is not left_out)
            assert any(short > 0 for short in missing(found, fewer).values())


@MANY
@given(needs, devices(), occupants())
def test_no_set_that_makes_room_is_cheaper(
    need: Need, there: list[Device], others: list[Occupant]
) -> None:
    found = plan(need, there, others)
    idle = [each for each in others if each.can_go]
    costs = [
        sum(each.cost_milliseconds for each in chosen)
        for n in range(len(idle) + 1)
        for chosen in combinations(idle, n)
        if found.lines and all(short <= 0 for short in missing(found, chosen).values())
    ]
    if found.outcome == ledger.EVICT:
        assert sum(each.cost_milliseconds for each in found.evict) == min(costs)
    elif found.outcome == ledger.NO_ROOM:
        assert costs == []


@MANY
@given(needs, devices(), occupants())
def test_what_fits_leaves_the_margin_and_what_others_were_promised(
    need: Need, there: list[Device], others: list[Occupant]
) -> None:
    found = plan(need, there, others)
    fits = found.outcome == ledger.FITS
    for device in there:
        promised = sum(
            each.promised[device.key] for each in others if each.state != states.STOPPING
        )
        free = device.free_bytes or 0
        if fits and need.devices[device.key]:
            assert need.devices[device.key] + promised + device.margin_bytes <= free


@MANY
@given(needs, devices(), occupants(), st.integers(0, 30))
def test_more_free_memory_never_costs_more(
    need: Need, there: list[Device], others: list[Occupant], more: int
) -> None:
    order = (ledger.FITS, ledger.WAIT, ledger.EVICT, ledger.NO_ROOM)
    roomier = [
        replace(each, total_bytes=each.total_bytes + more, free_bytes=each.free_bytes + more)
        for each in there
        if each.total_bytes is not None and each.free_bytes is not None
    ]
    before, after = plan(need, there, others), plan(need, roomier, others)
    if before.outcome == ledger.FITS:
        assert after.outcome == ledger.FITS
    if before.outcome == ledger.EVICT:
        assert order.index(after.outcome) <= order.index(ledger.EVICT)
        spent = [sum(each.cost_milliseconds for each in x.evict) for x in (before, after)]
        assert spent[1] <= spent[0]


@MANY
@given(needs, devices(), occupants())
def test_no_figure_is_negative(need: Need, there: list[Device], others: list[Occupant]) -> None:
    for line in plan(need, there, others).lines:
        assert min(line.need_bytes, line.reserved_bytes, line.coming_bytes) >= 0
        assert line.short_bytes is not None and line.short_bytes >= line.later_short_bytes >= 0


@MANY
@given(needs, devices(), occupants())
def test_a_start_that_may_stop_nobody_stops_nobody(
    need: Need, there: list[Device], others: list[Occupant]
) -> None:
    found = plan(need, there, others, may_evict=False)
    assert found.evict == ()
    assert all(each.is_stopping for each in found.wait_for)


@MANY
@given(
    st.lists(
        st.tuples(st.integers(1, 100), st.integers(0, 30), st.integers(0, 30)),
        min_size=EXACT_MOST + 1,
        max_size=EXACT_MOST + 8,
    ),
    st.integers(1, 200),
    st.integers(0, 200),
)
def test_with_many_candidates_room_is_made_and_nothing_is_stopped_in_vain(
    given_items: list[tuple[int, int, int]], ram: int, gpu: int
) -> None:
    items = [Item(n, cost, (a, b)) for n, (cost, a, b) in enumerate(given_items)]
    found = cheapest(items, (ram, gpu))
    enough = sum(i.gives[0] for i in items) >= ram and sum(i.gives[1] for i in items) >= gpu
    assert (found is not None) == enough
    if found is not None:
        for without in (None, *found.items):
            rest = [item for item in found.items if item is not without]
            makes_room = (
                sum(i.gives[0] for i in rest) >= ram and sum(i.gives[1] for i in rest) >= gpu
            )
            assert makes_room == (without is None)


# ---------------------------------------------------------------- single cases
RAM = Device("ram", "RAM", 100, 50, 10)
IDLE = Occupant(1, "idle", states.READY, {"ram": 30}, {}, cost_milliseconds=5)


def need_of(size: int, *, is_lower_bound: bool = False) -> Need:
    return Need("estimate", {"ram": size}, is_lower_bound)


def test_the_margin_stays_free() -> None:
    assert plan(need_of(40), [RAM], []).outcome == ledger.FITS
    assert plan(need_of(41), [RAM], []).outcome == ledger.NO_ROOM


def test_mapped_weights_of_others_are_no_room() -> None:
    mapped = Occupant(1, "mapped", states.READY, {"ram": 1}, {"ram": 30}, busy=True)
    assert plan(need_of(10), [RAM], [mapped]).outcome == ledger.FITS
    assert plan(need_of(11), [RAM], [mapped]).outcome == ledger.NO_ROOM


def test_of_two_that_would_do_the_cheaper_one_goes() -> None:
    dear = replace(IDLE, engine=2, cost_milliseconds=9)
    assert plan(need_of(60), [RAM], [dear, IDLE]).evict == (IDLE,)


def test_one_large_one_goes_rather_than_two_small_ones() -> None:
    small = [replace(IDLE, engine=n, held={"ram": 15}) for n in (2, 3)]
    assert plan(need_of(70), [RAM], [*small, replace(IDLE, cost_milliseconds=9)]).evict == (
        replace(IDLE, cost_milliseconds=9),
    )


def test_memory_that_is_coming_is_waited_for() -> None:
    stopping = replace(IDLE, state=states.STOPPING)
    found = plan(need_of(60), [RAM], [stopping, replace(IDLE, engine=2)])
    assert (found.outcome, found.wait_for, found.evict) == (ledger.WAIT, (stopping,), ())


def test_one_that_loads_is_waited_for_and_can_be_asked_to_go_then() -> None:
    loading = Occupant(1, "loading", states.LOADING, {}, {"ram": 30})
    found = plan(need_of(20), [RAM], [loading])
    assert (found.outcome, found.wait_for) == (ledger.WAIT, (loading,))
    assert plan(need_of(20), [RAM], [replace(loading, pinned=True)]).outcome == ledger.NO_ROOM


def test_what_a_loading_one_may_hold_already_is_waited_for_and_never_given_away() -> None:
    loading = Occupant(1, "loading", states.LOADING, {}, {"ram": 30}, perhaps={"ram": 30})
    assert plan(need_of(70), [RAM], [loading]).outcome == ledger.WAIT
    certain = replace(loading, perhaps={})
    assert plan(need_of(70), [RAM], [certain]).outcome == ledger.NO_ROOM


def test_what_is_larger_than_the_device_is_too_big() -> None:
    found = plan(need_of(91), [RAM], [IDLE])
    assert (found.outcome, found.is_refused) == (ledger.TOO_BIG, True)
    assert found.lines[0].never_bytes == 1


def test_a_lower_bound_refuses_nothing() -> None:
    found = plan(need_of(91, is_lower_bound=True), [RAM], [])
    assert (found.outcome, found.is_refused) == (ledger.TOO_BIG, False)


def test_an_engine_that_adapts_to_the_room_is_not_refused() -> None:
    found = plan(replace(need_of(60), adapts=True), [RAM], [])
    assert (found.outcome, found.is_refused) == (ledger.NO_ROOM, False)


def test_what_nobody_knows_is_unknown() -> None:
    silent = replace(RAM, free_bytes=None)
    assert plan(None, [RAM], []).outcome == ledger.UNKNOWN
    assert plan(need_of(1), [silent], []).outcome == ledger.UNKNOWN
    assert plan(need_of(1), [], []).outcome == ledger.UNKNOWN
    assert plan(need_of(95), [silent], []).outcome == ledger.TOO_BIG
