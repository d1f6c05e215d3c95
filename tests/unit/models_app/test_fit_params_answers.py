from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from models_app.core.memory import Options
from models_app.memory.fit_params import (
    PROGRAM,
    Projection,
    find_program,
    parse_projection,
    project,
)

MIB = 1 << 20
TABLE = "CUDA0 7401 814 517 \nVulkan1 10 20 30 \nHost 1280 0 154 \n"


def program(folder: Path, *lines: str, name: str = PROGRAM) -> Path:
    """A real executable program of these Python lines."""
    path = folder / name
    path.write_text("\n".join([f"#!{sys.executable}", "import json, os, sys", *lines]))
    path.chmod(stat.S_IRWXU)
    return path


def answer(folder: Path, options: Options, *lines: str) -> Projection | None:
    return project(program(folder, *lines), folder / "model.gguf", options)


def test_the_table_is_read_for_every_device(tmp_path: Path) -> None:
    found = answer(tmp_path, Options(), f"print({TABLE!r}, end='')")
    assert found is not None
    assert [device.name for device in found.devices] == ["CUDA0", "Vulkan1"]
    assert found.devices[0].model_bytes == 7401 * MIB
    assert found.device_bytes == (7401 + 814 + 517 + 60) * MIB
    assert found.host_bytes == (1280 + 154) * MIB
    assert found.total_bytes == found.device_bytes + found.host_bytes
    assert found.weights_bytes == (7401 + 10 + 1280) * MIB
    assert found.cache_bytes == (814 + 20) * MIB
    assert found.compute_bytes == (517 + 30 + 154) * MIB
    assert found.source == "llama-fit-params"


def test_log_lines_around_the_table_do_no_harm() -> None:
    text = f"device 1 2 3\n0.00.196.882 I main: printing in MiB ...\n{TABLE}bye 1 2 3\n"
    found = parse_projection(text)
    assert [device.name for device in found.devices] == ["CUDA0", "Vulkan1"]


def test_a_machine_without_gpu_has_the_host_only() -> None:
    found = parse_projection("host 4685 1024 267 \n")
    assert found.devices == ()
    assert found.total_bytes == (4685 + 1024 + 267) * MIB


def test_the_question_is_asked_with_llama_cpps_own_flags(tmp_path: Path) -> None:
    options = Options(
        ctx=32768, parallel=2, ubatch=256, type_k="q8_0", type_v="q5_1", gpu_layers=33,
        swa_full=True, cpu_moe=True,
    )  # fmt: skip
    answer(tmp_path, options, f"json.dump(sys.argv[1:], open({str(tmp_path / 'seen')!r}, 'w'))")
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen == [
        "-m", str(tmp_path / "model.gguf"), "-c", "32768", "-np", "2", "-ub", "256",
        "-ctk", "q8_0", "-ctv", "q5_1", "-ngl", "33", "-fa", "on", "--fit-print", "on",
        "--swa-full", "--cpu-moe",
    ]  # fmt: skip


def test_a_file_name_is_one_argument_whatever_it_holds(tmp_path: Path) -> None:
    path = program(tmp_path, "print(f'd{len(sys.argv)} 1 1 1'); print('Host 1 1 1')")
    found = project(path, tmp_path / "-c 9; touch $(id) `x` 'y'.gguf", Options())
    assert found is not None
    assert found.devices[0].name == "d19"


def test_the_program_gets_a_clean_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_ARG_CTX_SIZE", "1")
    monkeypatch.setenv("LLAMADASH_SECRET_KEY", "x")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    answer(
        tmp_path, Options(), f"json.dump(sorted(os.environ), open({str(tmp_path / 's')!r}, 'w'))"
    )
    names = set(json.loads((tmp_path / "s").read_text()))
    assert "CUDA_VISIBLE_DEVICES" in names
    assert not any(name.startswith("LLAMA") for name in names)


def test_the_program_beside_the_server_is_found_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, on_path, links = (tmp_path / name for name in ("beside", "on_path", "links"))
    for folder in (beside, on_path, links):
        folder.mkdir()
    server = program(beside, name="llama-server")
    monkeypatch.setenv("PATH", os.fspath(on_path))
    assert find_program(str(server)) is None
    other = program(on_path)
    assert find_program() == find_program(str(server)) == other
    nearest = program(beside)
    assert find_program(str(server)) == nearest
    (links / "llama-server").symlink_to(server)
    assert find_program(str(links / "llama-server")) == nearest
    assert find_program("no-such-server") == other
