from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.migrated import migrated
from tests.fakes.serving import CHECKOUT, Serving, serving, wait_until


def is_ready(running: Serving) -> bool:
    return running.get("/readyz")[0] == 200


def test_a_fresh_data_directory_serves_with_its_agent_and_stops_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as running:
        wait_until(lambda: is_ready(running), "readiness")
        assert running.get(f"/setup/?token={running.setup_token}")[0] == 200
        assert running.stop() == 0
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data" / "llamadash.sqlite3").stat().st_mode & 0o777 == 0o600


def test_ctrl_c_is_a_clean_stop(tmp_path: Path) -> None:
    with serving(migrated(tmp_path)) as running:
        assert running.stop(signal.SIGINT) == 0
        assert "Traceback" not in running.printed


def test_a_killed_server_starts_again_over_what_it_left(tmp_path: Path) -> None:
    with serving(migrated(tmp_path)) as running:
        wait_until(lambda: is_ready(running), "readiness")
        running.process.kill()
        running.process.wait(10)
    with serving(tmp_path) as running:
        wait_until(lambda: is_ready(running), "readiness after the kill")
    with sqlite3.connect(tmp_path / "llamadash.sqlite3") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_second_server_on_the_same_data_serves_and_its_agent_stands_by(tmp_path: Path) -> None:
    with serving(migrated(tmp_path)) as first:
        wait_until(lambda: is_ready(first), "readiness of the first")
        with serving(tmp_path) as second:
            second.wait_for("standing by")
            assert first.stop() == 0
            second.wait_for("agent runs")


def test_a_taken_port_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        serving(migrated(tmp_path), port=taken.getsockname()[1]) as running,
    ):
        assert running.stop() == 1
        assert "give another --port" in running.printed
        assert "Traceback" not in running.printed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LLAMADASH_DEBUG", "perhaps"),
        ("LLAMADASH_LOG_LEVEL", "LOUD"),
        ("DATABASE_URL", "mysql://root:geheim@localhost/x"),
    ],
)
def test_a_wrong_setting_stops_the_start_in_one_line(tmp_path: Path, name: str, value: str) -> None:
    with serving(tmp_path, environment={name: value}) as running:
        assert running.stop() == 1
        assert name in running.printed
        assert "geheim" not in running.printed
        assert len(running.printed.strip().splitlines()) == 1


def test_nobody_listens_wider_without_an_admin(tmp_path: Path) -> None:
    with serving(migrated(tmp_path), "--host", "0.0.0.0", "--insecure-lan") as running:
        assert running.stop() == 1
        assert "no admin account" in running.printed


def test_with_demo_the_tiny_models_are_written_and_scanned(tmp_path: Path) -> None:
    with serving(migrated(tmp_path), "--demo") as running:
        assert "wrote demo models" in running.printed

        def scanned() -> bool:
            with sqlite3.connect(tmp_path / "llamadash.sqlite3") as database:
                rows = database.execute("select name from models_app_llamamodel").fetchall()
            return ("tiny-chat",) in rows

        wait_until(scanned, "tiny-chat in the registry")


def test_logs_can_be_json_lines(tmp_path: Path) -> None:
    with serving(migrated(tmp_path), environment={"LLAMADASH_LOG_FORMAT": "json"}) as running:
        wait_until(lambda: '"message": "agent runs' in running.printed, "a JSON line")
        assert running.stop() == 0
    lines = [line for line in running.printed.splitlines() if line.startswith("{")]
    assert all(json.loads(line)["level"] for line in lines)


def test_machines_of_the_network_are_answered_by_name_once_that_is_wanted(tmp_path: Path) -> None:
    manage(migrated(tmp_path), "createsuperuser", "--noinput", "--username=mira", "--email=")
    wider = ("--host", "0.0.0.0", "--insecure-lan")
    with serving(tmp_path, *wider, environment={"LLAMADASH_NODE": "box"}) as running:
        assert "0.0.0.0" not in running.printed
        port = running.address.rpartition(":")[2]
        for host, status in (("box", 200), ("evil.example", 400)):
            asked = http.client.HTTPConnection("127.0.0.1", int(port), timeout=20)
            with closing(asked):
                asked.request("GET", "/accounts/login/", headers={"Host": f"{host}:{port}"})
                assert asked.getresponse().status == status
        wait_until(lambda: "evil.example" in running.printed, "the line about the foreign host")
        assert "Traceback" not in running.printed


def test_with_tls_in_front_the_link_has_its_address(tmp_path: Path) -> None:
    tls = {"LLAMADASH_HTTPS": "1", "LLAMADASH_ALLOWED_HOSTS": "box.example,localhost"}
    with start(migrated(tmp_path), tls) as process:
        assert process.stderr is not None
        link = next(line for line in process.stderr if "/setup/?token=" in line)
        process.terminate()
        process.communicate(timeout=40)
    assert "https://box.example/setup/?token=" in link


def environment(data_dir: Path, more: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "LLAMADASH_DATA_DIR": str(data_dir), **more}


def manage(data_dir: Path, *arguments: str) -> None:
    password = {"DJANGO_SUPERUSER_PASSWORD": "a long and rare one 7"}
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=CHECKOUT, env=environment(data_dir, password), check=True)


def start(data_dir: Path, more: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", "0"],
        cwd=CHECKOUT,
        env=environment(data_dir, more),
        stderr=subprocess.PIPE,
        text=True,
    )
