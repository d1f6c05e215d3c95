from __future__ import annotations

from pathlib import Path

import pytest

from metrics_app.core.gpu.amd import AmdGpus
from tests.fakes.sysfs import GIB, add_busy_radeon, add_radeon, write

KEY = "amd:0000:03:00.0"


@pytest.fixture
def drm(tmp_path: Path) -> Path:
    return tmp_path / "drm"


def test_load_memory_temperature_and_power_are_read(drm: Path) -> None:
    add_busy_radeon(drm, 3)
    assert AmdGpus(drm).quick(1.0) == {
        KEY: {
            "busy_ratio": pytest.approx(0.37),
            "memory_busy_ratio": pytest.approx(0.12),
            "memory_used_bytes": 2 * GIB,
            "memory_total_bytes": 24 * GIB,
            "temperature_celsius": pytest.approx(61.0),
            "power_watts": pytest.approx(215.0),
        }
    }


def test_clocks_fan_and_power_limit_are_read(drm: Path) -> None:
    add_busy_radeon(drm, 3)
    assert AmdGpus(drm).costly(1.0) == {
        KEY: {
            "power_limit_watts": pytest.approx(303.0),
            "core_clock_hertz": 2_304_000_000,
            "memory_clock_hertz": 1_249_000_000,
            "fan_ratio": pytest.approx(0.4),
        }
    }


def test_newer_cards_tell_their_power_under_another_name(drm: Path) -> None:
    add_radeon(drm, 3, "1", "0", hwmon__hwmon0__power1_input="42000000")
    assert AmdGpus(drm).quick(1.0)[KEY]["power_watts"] == pytest.approx(42.0)


def test_without_clock_sensors_the_chosen_level_counts(drm: Path) -> None:
    levels = "0: 500Mhz\n1: 1800Mhz *\n2: 2500Mhz"
    add_radeon(drm, 3, "1", "0", pp_dpm_sclk=levels, pp_dpm_mclk="0: 96Mhz")
    figures = AmdGpus(drm).costly(1.0)[KEY]
    assert (figures["core_clock_hertz"], figures["memory_clock_hertz"]) == (1.8e9, None)


def test_a_sleeping_card_is_asked_for_nothing_that_wakes_it(drm: Path) -> None:
    device = add_busy_radeon(drm, 3)
    write(device, power__runtime_status="suspended")
    gpus = AmdGpus(drm)
    assert gpus.quick(1.0) == {KEY: {"memory_used_bytes": 2 * GIB, "memory_total_bytes": 24 * GIB}}
    assert gpus.costly(1.0) == {KEY: {}}


@pytest.mark.parametrize("text", ["", "N/A", "-5", "9" * 40, "\x00\xff", "٣"])
def test_what_is_no_number_is_unknown(drm: Path, text: str) -> None:
    add_radeon(drm, 3, "1", text, gpu_busy_percent="x" + text, hwmon__hwmon0__temp1_input="")
    figures = AmdGpus(drm).quick(1.0)[KEY]
    assert figures["memory_used_bytes"] is None
    assert figures["busy_ratio"] is None
    assert figures["temperature_celsius"] is None


def test_a_card_that_is_taken_out_is_gone_within_a_minute(drm: Path) -> None:
    add_busy_radeon(drm, 3)
    gpus = AmdGpus(drm)
    gpus.quick(1.0)
    (drm / "card3" / "device").unlink()
    assert gpus.quick(2.0)[KEY]["busy_ratio"] is None
    assert gpus.quick(62.0) == {}
