from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llamadash.rulers import percent
from models_app.memory.drawing import MemoryBar, memory_bar, need_bar, ruler
from models_app.memory.memory_fit import Load, Part
from models_app.memory.room import Room
from models_app.memory.spots import Spot

GIB = 1 << 30
SIZES = st.integers(0, 1 << 50)


def room(*gpus: int, ram: int = 64) -> Room:
    total = sum(gpus) * GIB
    largest = max(gpus, default=0) * GIB
    return Room(len(gpus), largest, total, total + ram * GIB, largest, total, ram * GIB)


def bar(free: int | None, *parts: int, total: int = 24, margin: int = 1) -> MemoryBar:
    spot = Spot("a", "GPU 0", "made up", total * GIB, None if free is None else free * GIB)
    named = tuple(Part("solid", f"part {n}", size * GIB) for n, size in enumerate(parts))
    return memory_bar(Load(spot, named, margin * GIB), "Alpha")


def test_a_list_on_two_gpus_has_ticks_where_they_end() -> None:
    scale = ruler(room(24, 24))
    assert scale is not None
    assert [(tick.x, tick.label) for tick in scale.ticks] == [("25", "24"), ("50", "48")]
    assert scale.end_label == "96 GiB"
    assert scale.words == "Tick at 24 and 48 GiB: one GPU, both GPUs."


def test_a_list_without_gpu_has_a_tick_where_ram_ends() -> None:
    scale = ruler(room(ram=48))
    assert scale is not None
    assert [(tick.x, tick.label) for tick in scale.ticks] == [("50", "48")]


def test_a_list_on_an_unknown_machine_has_no_ruler() -> None:
    assert ruler(room(ram=0)) is None


def test_a_need_beyond_the_ruler_is_cut() -> None:
    scale = ruler(room(24))
    assert scale is not None
    cut = 'd="M1 17 7 1M6 17l6-16"'
    assert cut not in need_bar(scale, 10 * GIB, 48 * GIB, "x")
    assert cut in need_bar(scale, 10 * GIB, 49 * GIB, "x")


def test_a_title_cannot_leave_its_attribute() -> None:
    scale = ruler(room(24))
    assert scale is not None
    drawn = need_bar(scale, 1, 2, '"><script>')
    assert "<script>" not in drawn and "&quot;&gt;&lt;script&gt;" in drawn


def test_parts_stand_behind_what_others_use_and_beside_each_other() -> None:
    drawn = bar(12, 3, 3)
    assert drawn.used == "50"
    assert [(part.x, part.width) for part in drawn.segments] == [("50", "12.5"), ("62.5", "12.5")]
    assert (drawn.ghost_x, drawn.ghost_width) == ("50", "25")
    assert (drawn.margin_x, drawn.margin_width) == ("95.833", "4.167")
    assert drawn.device_width == "100" and not drawn.is_cut


def test_what_does_not_fit_is_drawn_past_the_end_of_the_device() -> None:
    drawn = bar(12, 24)
    assert drawn.device_width == "66.667"
    assert drawn.ghost_width == "66.667" and not drawn.is_cut


def test_what_is_far_too_big_is_cut_at_twice_the_device() -> None:
    drawn = bar(24, 200)
    assert drawn.device_width == "50" and drawn.is_cut


def test_the_sentence_says_what_the_drawing_shows() -> None:
    assert bar(12, 3).sentence == (
        "Alpha needs about 3.0 GiB on GPU 0: part 0 3.0 GiB; others use 12.0 GiB of 24.0 GiB, "
        "and 9.0 GiB stay free"
    )
    assert bar(2, 3).sentence.endswith("so 2.0 GiB are missing")
    assert bar(None, 3).sentence.endswith("what is free there is not known")


def test_labels_stand_at_whole_steps_and_the_last_names_the_unit() -> None:
    labels = [(tick.x, tick.label) for tick in bar(24, 1).ticks if tick.label]
    assert labels[0] == ("0", "0")
    assert labels[1] == ("16.667", "4")
    assert labels[-1] == ("100", "24 GiB")


@given(SIZES, SIZES)
def test_no_width_leaves_the_drawing(part: int, whole: int) -> None:
    assert 0 <= float(percent(part, whole)) <= 100


@given(SIZES, st.none() | SIZES, st.lists(SIZES, max_size=3), st.integers(0, 1 << 40))
def test_anything_can_be_drawn(total: int, free: int | None, parts: list[int], margin: int) -> None:
    spot = Spot("a", "GPU 0", "made up", total, free)
    load = Load(spot, tuple(Part("solid", "part", size) for size in parts), margin)
    drawn = memory_bar(load, "Alpha")
    ends = [float(part.x) + float(part.width) for part in drawn.segments]
    assert all(end <= 100.01 for end in ends)
    assert len(drawn.ticks) <= 40
