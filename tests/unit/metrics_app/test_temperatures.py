from __future__ import annotations

from pathlib import Path

from metrics_app.core.clock import Tick
from metrics_app.core.hwmon import find_sensors
from metrics_app.sources.temperatures import Temperatures
from tests.fakes.sysfs import write


def read(root: Path, second: float = 10.0, source: Temperatures | None = None) -> dict[str, float]:
    source = source or Temperatures(lambda: find_sensors(root / "hwmon", root / "thermal"))
    values = source.read(Tick(1.79e9, second, 1.0))
    return {metric.label: value for metric, value in values.items() if value is not None}


def test_sensors_are_named_by_chip_and_label(tmp_path: Path) -> None:
    write(
        tmp_path / "hwmon" / "hwmon0",
        name="coretemp",
        temp1_input="55000",
        temp1_label="Package id 0",
        temp2_input="51500",
        temp2_label="Core 0",
    )
    assert read(tmp_path) == {"coretemp Package id 0": 55.0, "coretemp Core 0": 51.5}


def test_two_chips_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for number in (2, 10):
        write(tmp_path / "hwmon" / f"hwmon{number}", name="nvme", temp1_input=f"{number}000")
    assert read(tmp_path) == {"nvme": 2.0, "nvme 2": 10.0}


def test_chips_of_gpus_are_left_to_their_drivers(tmp_path: Path) -> None:
    write(tmp_path / "hwmon" / "hwmon0", name="amdgpu", temp1_input="61000")
    assert read(tmp_path) == {}


def test_without_chips_the_zones_of_the_board_are_read(tmp_path: Path) -> None:
    write(tmp_path / "thermal" / "thermal_zone0", type="cpu-thermal", temp="48312")
    assert read(tmp_path) == {"cpu-thermal": 48.312}


def test_a_sensor_that_fails_is_unknown_beside_the_others(tmp_path: Path) -> None:
    write(tmp_path / "hwmon" / "hwmon0", name="acpitz", temp1_input="-3000", temp2_input="broken")
    assert read(tmp_path) == {"acpitz": -3.0}


def test_a_machine_without_sensors_has_no_temperatures(tmp_path: Path) -> None:
    assert read(tmp_path / "absent") == {}


def test_a_new_sensor_is_found_within_a_minute(tmp_path: Path) -> None:
    source = Temperatures(lambda: find_sensors(tmp_path / "hwmon", tmp_path / "thermal"))
    read(tmp_path, 10.0, source)
    write(tmp_path / "hwmon" / "hwmon0", name="nvme", temp1_input="40000")
    assert read(tmp_path, 20.0, source) == {}
    assert read(tmp_path, 71.0, source) == {"nvme": 40.0}
