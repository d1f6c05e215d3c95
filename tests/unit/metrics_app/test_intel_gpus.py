from __future__ import annotations

from pathlib import Path

import pytest

from metrics_app.core.gpu.intel import IntelGpus, read_gpus
from tests.fakes.sysfs import add_arc, add_busy_radeon, add_card, write

KEY = "intel:0000:01:00.0"


@pytest.fixture
def drm(tmp_path: Path) -> Path:
    return tmp_path / "drm"


def test_an_intel_card_is_named_and_its_memory_is_unknown(drm: Path) -> None:
    add_arc(drm, 1)
    add_busy_radeon(drm, 3)
    (gpu,) = read_gpus(drm)
    assert (gpu.key, gpu.name, gpu.total_bytes) == (KEY, "Intel GPU 56a0", None)


def test_power_is_the_energy_between_two_readings(drm: Path) -> None:
    device = add_arc(drm, 1, joules=500)
    gpus = IntelGpus(drm)
    assert gpus.quick(10.0)[KEY]["power_watts"] is None
    write(device, hwmon__hwmon2__energy1_input=str(620 * 1_000_000))
    assert gpus.quick(12.0)[KEY]["power_watts"] == pytest.approx(60.0)


def test_temperature_clock_and_power_limit_are_read(drm: Path) -> None:
    add_arc(drm, 1)
    gpus = IntelGpus(drm)
    assert gpus.quick(1.0)[KEY]["temperature_celsius"] == pytest.approx(44.0)
    assert gpus.costly(1.0)[KEY] == {
        "power_limit_watts": pytest.approx(190.0),
        "core_clock_hertz": 2_050_000_000,
    }


def test_the_xe_driver_has_other_places(drm: Path) -> None:
    add_card(
        drm,
        1,
        vendor="0x8086",
        tile0__gt0__freq0__act_freq="1200",
        hwmon__hwmon0__temp2_input="51000",
    )
    gpus = IntelGpus(drm)
    assert gpus.quick(1.0)[KEY]["temperature_celsius"] == pytest.approx(51.0)
    assert gpus.costly(1.0)[KEY]["core_clock_hertz"] == 1_200_000_000


def test_a_sleeping_card_is_not_asked(drm: Path) -> None:
    device = add_arc(drm, 1)
    write(device, power__runtime_status="suspended")
    gpus = IntelGpus(drm)
    assert (gpus.quick(1.0), gpus.costly(1.0)) == ({KEY: {}}, {KEY: {}})


def test_graphics_inside_a_processor_tell_next_to_nothing(drm: Path) -> None:
    add_card(drm, 1, vendor="0x8086", device="0x4680")
    gpus = IntelGpus(drm)
    assert set(gpus.quick(1.0)[KEY].values()) == {None}
    assert set(gpus.costly(1.0)[KEY].values()) == {None}
