"""Where the ledger's figures come from: words of engines, files of the kernel, earlier starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine_app.core.allocation import MOST_BYTES, tried_bytes
from engine_app.core.ledger import FITS, NO_ROOM, Need, plan
from engine_app.core.memory_identity import files_hash, options_hash
from engine_app.memory import kernel
from engine_app.memory.measured import larger
from engine_app.memory.occupants import cost_milliseconds, measured_claim
from engine_app.memory.places import Places, places
from engine_app.memory.taken import Taken, resident_parts
from models_app.memory import capacity
from tests.devices import FakeDevice

MIB = 1 << 20


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ("0.01 E x: allocating 9216.50 MiB on device 0: cudaMalloc failed", 9216 * MIB + MIB // 2),
        ("x: insufficient memory (attempted to allocate 12.00 MB)", 12 * MIB),
        ("x: failed to allocate CUDA0 buffer of size 9663676416", 9_663_676_416),
        ("failed to allocate compute pp buffers", None),
        (f"failed to allocate CUDA0 buffer of size {MOST_BYTES + 1}", None),
        ("failed to allocate CUDA0 buffer of size 0", None),
        ("allocating 99999999999999999999 MiB on device", None),
        ("allocating nan MiB on device", None),
    ],
)
def test_what_an_engine_tried_to_take_is_read_from_its_words(line: str, size: int | None) -> None:
    assert tried_bytes(["", line]) == size


def test_options_that_take_no_memory_make_no_other_start() -> None:
    assert options_hash({"ctx-size": 8192, "temp": 0.1}) == options_hash({"ctx-size": 8192})
    assert options_hash({"ctx-size": 8192}) != options_hash({"ctx-size": 4096})
    assert options_hash({"of-another-build": 1}) != options_hash({})


def test_files_are_the_same_in_any_order() -> None:
    assert files_hash(["a", "b"]) == files_hash(["b", "a"]) != files_hash(["a"])


def test_a_failure_asks_for_more_up_to_a_limit() -> None:
    once = larger({"gpu": 100, "ram": 10}, {"gpu": 100, "ram": 10}, "gpu", None)
    assert once == {"gpu": 115, "ram": 12}
    for _ in range(9):
        once = larger(once, {"gpu": 100, "ram": 10}, "gpu", None)
    assert once == {"gpu": 150, "ram": 15}


def test_a_failure_asks_for_what_could_not_be_had() -> None:
    assert larger({"gpu": 100}, {"gpu": 100}, "gpu", 400) == {"gpu": 400}
    assert larger({"ram": 100}, {"ram": 100}, None, 400) == {"ram": 400}


def test_what_was_not_used_for_long_is_cheap_to_stop() -> None:
    assert cost_milliseconds(10, 0) == 11_000
    assert cost_milliseconds(10, 600) == 6_000
    assert cost_milliseconds(10, 1e12) == 1_000
    assert cost_milliseconds(10, None) == 11_000


def _status(folder: Path, pid: int, text: str) -> None:
    (folder / "self").mkdir(exist_ok=True)
    (folder / str(pid)).mkdir()
    (folder / str(pid) / "status").write_text(text)


def test_mapped_pages_are_told_from_a_process_own(tmp_path: Path) -> None:
    _status(
        tmp_path,
        7,
        "Name:\tx\nVmLck:\t0 kB\nRssAnon:\t300 kB\nRssFile:\t4000 kB\nRssShmem:\t5 kB\n",
    )
    assert resident_parts(7, tmp_path) == (305 << 10, 4000 << 10)


def test_mapped_pages_that_are_locked_are_its_own(tmp_path: Path) -> None:
    _status(tmp_path, 7, "VmLck:\t1000 kB\nRssAnon:\t300 kB\nRssFile:\t4000 kB\nRssShmem:\t0 kB\n")
    assert resident_parts(7, tmp_path) == (1300 << 10, 3000 << 10)


def test_a_process_that_is_gone_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    assert resident_parts(7, tmp_path) == (0, 0)


ONLY_RAM = Places((), None, {})


def test_mapped_weights_count_whole_also_when_some_were_dropped() -> None:
    assert measured_claim(Taken(100, 50), ONLY_RAM, 1000) == {"ram": 1100}
    assert measured_claim(Taken(100, 1200), ONLY_RAM, 1000) == {"ram": 1300}


def test_weights_that_were_copied_are_not_counted_twice() -> None:
    assert measured_claim(Taken(1100, 50), ONLY_RAM, 1000) == {"ram": 1150}


def test_a_gpu_whose_driver_does_not_tell_is_left_out() -> None:
    places = Places((), "gpu", {"gpu": 1000})
    assert measured_claim(Taken(1, 0, {"gpu": 70}), places, 0) == {"ram": 1, "gpu": 70}
    assert measured_claim(Taken(1, 0, {"gpu": None}), places, 0) == {"ram": 1}


def test_an_engine_on_all_gpus_has_its_share_of_each() -> None:
    one = Places((), "b", {"a": 100, "b": 300})
    assert one.fold({"gpus": 80, "ram": 5, "a": 7}) == {"b": 60, "ram": 5}
    both = Places((), "gpus", {"a": 100, "b": 300})
    assert both.fold({"a": 7, "b": 5, "ram": 1}) == {"gpus": 12, "ram": 1}


def test_memory_that_a_gpu_shares_with_the_machine_is_counted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    devices = [
        FakeDevice("ram", "ram", 128, 100),
        FakeDevice("nvidia:1", "gpu", 128, 100, name="NVIDIA GB10"),
    ]
    monkeypatch.setattr(capacity, "_source", lambda: devices)
    where = places("nvidia:1", 1)
    assert where.keys == ("ram",)
    assert where.fold({"nvidia:1": 60, "ram": 30}) == {"ram": 90}
    assert measured_claim(Taken(5, 0, {"nvidia:1": 60}), where, 0) == {"ram": 65}
    need = Need("estimate", where.fold({"nvidia:1": 60, "ram": 30}))
    assert plan(need, where.devices, []).outcome == FITS
    need = Need("estimate", where.fold({"nvidia:1": 60, "ram": 45}))
    assert plan(need, where.devices, []).outcome == NO_ROOM  # though each alone would fit


def test_what_is_on_a_gpu_of_no_known_size_is_in_the_machines_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    devices = [FakeDevice("ram", "ram", 128, 100), FakeDevice("amd:1", "gpu", 24, 20)]
    monkeypatch.setattr(capacity, "_source", lambda: devices)
    where = places(None, 0)
    assert measured_claim(Taken(5, 0, {"nvidia:1": 60, "amd:1": 9}), where, 0) == {"ram": 65}


def test_kills_of_the_kernel_are_counted_for_our_group_or_else_the_machine(tmp_path: Path) -> None:
    vmstat, cgroups, own = tmp_path / "vmstat", tmp_path / "cgroup", tmp_path / "own"
    assert kernel.kills(vmstat, cgroups, own) is None
    vmstat.write_text("nr_free_pages 1\noom_kill 3\n")
    assert kernel.kills(vmstat, cgroups, own) == 3
    own.write_text("0::/app.service\n")
    (cgroups / "app.service").mkdir(parents=True)
    (cgroups / "app.service" / "memory.events").write_text("low 0\noom 2\noom_kill 1\n")
    assert kernel.kills(vmstat, cgroups, own) == 1
