from __future__ import annotations

from pathlib import Path

from metrics_app.core.gpu.amd import read_gpus
from tests.fakes.sysfs import GIB, add_card, add_radeon


def test_memory_and_name_come_from_sysfs(tmp_path: Path) -> None:
    drm = tmp_path / "drm"
    add_radeon(drm, 3, str(24 * GIB), str(2 * GIB))
    (gpu,) = read_gpus(drm)
    assert (gpu.key, gpu.name) == ("amd:0000:03:00.0", "AMD GPU 744c")
    assert (gpu.total_bytes, gpu.free_bytes, gpu.used_bytes) == (24 * GIB, 22 * GIB, 2 * GIB)


def test_a_product_name_is_preferred(tmp_path: Path) -> None:
    add_radeon(tmp_path / "drm", 0, "1", "0", product_name="AMD Instinct MI300X")
    assert read_gpus(tmp_path / "drm")[0].name == "AMD Instinct MI300X"


def test_cards_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2):
        add_radeon(tmp_path / "drm", number, "1", "0")
    keys = [gpu.key for gpu in read_gpus(tmp_path / "drm")]
    assert keys == ["amd:0000:02:00.0", "amd:0000:010:00.0"]


def test_connectors_and_cards_of_others_are_left_out(tmp_path: Path) -> None:
    drm = tmp_path / "drm"
    add_card(drm, 0, vendor="0x8086", device="0x56a0")
    (drm / "card0-DP-1").mkdir()
    (drm / "renderD128").mkdir()
    assert read_gpus(drm) == []


def test_what_the_driver_does_not_tell_is_unknown(tmp_path: Path) -> None:
    drm = tmp_path / "drm"
    add_card(drm, 0, vendor="0x1002", device="0x6798")
    add_radeon(drm, 1, str(8 * GIB), "broken")
    silent, broken = read_gpus(drm)
    assert (silent.total_bytes, silent.free_bytes, silent.used_bytes) == (None, None, None)
    assert (broken.total_bytes, broken.free_bytes, broken.used_bytes) == (8 * GIB, None, None)


def test_more_used_than_there_is_leaves_nothing_free(tmp_path: Path) -> None:
    add_radeon(tmp_path / "drm", 0, "100", "120")
    assert read_gpus(tmp_path / "drm")[0].free_bytes == 0


def test_without_sysfs_there_is_no_card(tmp_path: Path) -> None:
    assert read_gpus(tmp_path / "absent") == []
