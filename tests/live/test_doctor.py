"""`manage.py doctor` as it is run, over data folders that something is wrong with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.serving import CHECKOUT, serving, wait_until

Said = subprocess.CompletedProcess[str]


def doctor(data_dir: Path, *arguments: str, **environment: str) -> Said:
    surroundings = {
        **os.environ, "LLAMADASH_DATA_DIR": str(data_dir), "LLAMADASH_PORT_RANGE": "18950-18999",
        **environment,
    }  # fmt: skip
    command = [sys.executable, "manage.py", "doctor", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, env=surroundings, capture_output=True, text=True, timeout=100
    )


def found(said: Said, name: str) -> dict[str, str]:
    """The worst of the findings of this name."""
    checks = [each for each in json.loads(said.stdout)["checks"] if each["name"] == name]
    order = ["fail", "unknown", "note", "ok"]
    worst: dict[str, str] = min(checks, key=lambda each: order.index(each["result"]))
    return worst


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("migrated")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"],
        cwd=CHECKOUT,
        env={**os.environ, "LLAMADASH_DATA_DIR": str(folder)},
        check=True,
    )
    return (folder / "llamadash.sqlite3").read_bytes()


@pytest.fixture
def data_dir(tmp_path: Path, migrated: bytes) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "llamadash.sqlite3").write_bytes(migrated)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_all_is_well_beside_a_server_and_nothing_is_changed(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serving(data_dir, environment={"LLAMADASH_PORT_RANGE": "18950-18999"}) as running:
        port = running.address.rpartition(":")[2]
        wait_until(lambda: running.get("/readyz")[0] == 200, "the agent's first sign of life")
        said = doctor(data_dir, "--json", "--port", port)
        told = json.loads(said.stdout)
        assert said.returncode == 0, said.stdout + said.stderr
        assert found(said, "agent")["result"] == "ok"
        assert str(running.process.pid) in found(said, "agent")["found"]
        assert found(said, "migrations")["result"] == "ok"
        assert port in found(said, "web port")["found"]
        assert set(told) == {"version", "node", "made_at", "result", "checks"}
        assert all(each["advice"] for each in told["checks"] if each["result"] != "ok")
        assert running.get("/readyz")[0] == 200


def test_without_a_server_nothing_is_made_or_changed(data_dir: Path) -> None:
    (data_dir / "secret_key").write_text("k" * 48)
    (data_dir / "secret_key").chmod(0o600)
    before = contents(data_dir)
    said = doctor(data_dir, "--json")
    assert said.returncode == 0, said.stdout
    assert contents(data_dir) == before
    assert "k" * 48 not in said.stdout + said.stderr
    assert found(said, "agent")["result"] == "note"


def test_without_a_database_none_is_made(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    said = doctor(data_dir, "--json")
    assert said.returncode == 0
    assert "none yet" in found(said, "database")["found"]
    assert found(said, "engines")["result"] == "unknown"
    assert not (data_dir / "llamadash.sqlite3").exists()


def scribble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096, 2):
        data[page * 4096 : page * 4096 + 200] = os.urandom(200)
    path.write_bytes(data)


def test_a_damaged_database_is_named_in_plain_lines(data_dir: Path) -> None:
    scribble(data_dir / "llamadash.sqlite3")
    said = doctor(data_dir)
    assert said.returncode == 1
    lines = [line for line in said.stdout.splitlines() if line.startswith("fail    database")]
    assert len(lines) == 1, said.stdout
    assert "llamadash.sqlite3" in lines[0]
    assert "do: Stop llamadash" in said.stdout
    assert "Traceback" not in said.stdout + said.stderr
    assert said.stderr.startswith("CommandError: Not well: database")
    assert said.stderr.count("\n") == 1


def test_a_broken_program_that_was_named_is_a_failure(data_dir: Path, tmp_path: Path) -> None:
    program = tmp_path / "my server"
    program.write_text(
        "#!/bin/sh\necho 'libgomp.so.1: cannot open shared object file' >&2\nexit 127\n"
    )
    program.chmod(0o755)
    said = doctor(data_dir, "--json", LLAMA_SERVER_BIN=f"'{program}'")
    assert said.returncode == 1
    assert "libgomp.so.1" in found(said, "engine")["found"]
    assert "LLAMA_SERVER_BIN" in found(said, "engine")["advice"]


def test_a_setting_that_cannot_be_used_is_one_line(data_dir: Path) -> None:
    said = doctor(data_dir, LLAMADASH_PORT_RANGE="many")
    assert said.returncode == 1
    assert said.stderr.count("\n") == 1
    assert "LLAMADASH_PORT_RANGE" in said.stderr


@pytest.mark.parametrize("arguments", [["--port", "0"], ["--port", "x"], ["--colour"]])
def test_wrong_usage_has_a_code_of_its_own(data_dir: Path, arguments: list[str]) -> None:
    assert doctor(data_dir, *arguments).returncode == 2


def test_a_password_of_the_database_is_not_shown(tmp_path: Path) -> None:
    address = "postgresql://me:hunter2secret@127.0.0.1:1/none"
    said = doctor(tmp_path, "--json", DATABASE_URL=address)
    assert said.returncode == 1
    assert found(said, "database")["result"] == "fail"
    assert "hunter2secret" not in said.stdout + said.stderr
