"""What each look of the doctor finds, where something was put wrong."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from agent_app.doctor import (
    agent,
    clock,
    data_folder,
    engine_programs,
    engines,
    environment,
    gpus,
    logs,
    memory,
    model_folders,
    network_ports,
    packages,
    report,
    sqlite_file,
)
from agent_app.doctor.examination import Named, checks, examine
from agent_app.doctor.finding import Finding, fail, note, ok
from agent_app.doctor.migrations import migration_finding
from agent_app.heartbeat import Heartbeat
from agent_app.lease import AgentLease
from agent_app.models import AgentHeartbeat
from engine_app import discovery
from engine_app.child_environment import MARK, mark_of
from engine_app.models import BinaryKind, Engine
from engine_app.probing import Probe
from logs_app import lifecycle
from metrics_app import devices
from metrics_app.core.gpu.reading import GpuReading
from metrics_app.core.memory_limit import MemoryLimit
from tests.factories import make_model, make_root
from tests.fakes.serving import wait_until


def worst(findings: Iterable[Finding]) -> Finding:
    order = ["fail", "unknown", "note", "ok"]
    return min(findings, key=lambda each: order.index(each.result))


@pytest.fixture
def data_dir(tmp_path: Path, settings: LazySettings) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    settings.DATA_DIR = folder
    return folder


# ---------------------------------------------------------------- database
@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "some.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE django_migrations (app, name)")
        connection.execute("CREATE TABLE words (word)")
        connection.execute("CREATE INDEX by_word ON words (word)")
        rows = [(f"word {n} " * 20,) for n in range(2000)]
        connection.executemany("INSERT INTO words VALUES (?)", rows)
    connection.close()
    return path


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:81_920])


def scribble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for start in range(8_192, len(data), 8_192):
        data[start : start + 200] = b"\xfe" * 200
    path.write_bytes(data)


def overwrite_beginning(path: Path) -> None:
    path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])


@pytest.mark.parametrize("damage", [cut, scribble, overwrite_beginning])
def test_damage_is_found_however_it_came(database: Path, damage: Callable[[Path], None]) -> None:
    damage(database)
    found = worst(sqlite_file.check(database))
    assert (found.name, found.result) == ("database", "fail")
    assert str(database) in found.found
    assert "copy" in found.advice


def test_looking_leaves_no_file_beside_the_database(database: Path) -> None:
    before = database.read_bytes()
    assert [each.result for each in sqlite_file.check(database)] == ["ok", "note"]
    assert database.read_bytes() == before
    assert [path.name for path in database.parent.iterdir()] == [database.name]


def test_a_folder_in_the_database_s_place_is_said(tmp_path: Path) -> None:
    assert worst(sqlite_file.check(tmp_path)).result == "fail"


def test_a_check_that_takes_too_long_is_given_up(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", -1.0)
    monkeypatch.setattr(sqlite_file, "_STEPS", 10)
    found = worst(sqlite_file.check(database))
    assert found.result == "unknown"
    assert "not done" in found.found


def test_a_writer_that_does_not_let_go_is_noticed(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.1)
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("BEGIN IMMEDIATE")
    try:
        words = [each.found for each in sqlite_file.check(database)]
        assert any("writes to it" in each for each in words)
        writer.execute("ROLLBACK")
        words = [each.found for each in sqlite_file.check(database)]
        assert not any("writes to it" in each for each in words)
    finally:
        writer.close()


def applied_here() -> list[tuple[str, str]]:
    from django.db.migrations.loader import MigrationLoader

    return list(MigrationLoader(None).disk_migrations)


def test_a_missing_migration_is_named() -> None:
    done = [each for each in applied_here() if each != ("engine_app", "0002_engines")]
    found = migration_finding(done)
    assert found.result == "fail"
    assert "engine_app.0002_engines" in found.found


def test_a_database_of_a_newer_version_is_named() -> None:
    found = migration_finding([*applied_here(), ("engine_app", "0999_later")])
    assert found.result == "fail"
    assert "newer llamadash: engine_app.0999_later" in found.found


def test_all_migrations_are_fine_also_with_those_of_apps_that_are_gone() -> None:
    assert migration_finding([*applied_here(), ("gone_app", "0001_initial")]).result == "ok"


# ---------------------------------------------------------------- data folder and settings
def test_a_readable_secret_is_a_failure_and_not_shown(data_dir: Path) -> None:
    key = data_dir / "secret_key"
    key.write_text("s3cret" * 8)
    key.chmod(0o644)
    found = worst(data_folder.check_secret_key())
    assert (found.result, "s3cret" in found.found) == ("fail", False)
    key.chmod(0o600)
    assert worst(data_folder.check_secret_key()).result == "ok"


def test_a_secret_that_is_too_short_is_a_failure(data_dir: Path) -> None:
    (data_dir / "secret_key").write_text("short")
    (data_dir / "secret_key").chmod(0o600)
    assert worst(data_folder.check_secret_key()).result == "fail"


@pytest.mark.parametrize(("mode", "result"), [(0o700, "ok"), (0o755, "note")])
def test_the_data_folder_is_for_its_owner(data_dir: Path, mode: int, result: str) -> None:
    data_dir.chmod(mode)
    assert worst(data_folder.check()).result == result


@pytest.mark.parametrize("kind", ["nothing", "file"])
def test_a_data_folder_that_is_none_is_a_failure(
    tmp_path: Path, settings: LazySettings, kind: str
) -> None:
    settings.DATA_DIR = tmp_path / kind
    if kind == "file":
        settings.DATA_DIR.write_text("")
    assert worst(data_folder.check()).result == "fail"


def test_a_full_disk_is_a_failure(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 1 << 20, "total": 1 << 30})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert worst(data_folder.check()).name == "disk"


def test_a_network_file_system_is_noticed(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mount = type("Mount", (), {"mountpoint": str(data_dir), "fstype": "nfs4"})
    monkeypatch.setattr("psutil.disk_partitions", lambda all: [mount])
    found = worst(data_folder.check())
    assert found.result == "note"
    assert "nfs4" in found.found


def test_a_misspelt_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMADASH_MODEL_DIRS", "/models")
    found = worst(environment.check())
    assert "LLAMADASH_MODEL_DIRS" in found.found
    assert found.advice == "Did you mean LLAMADASH_MODELS_DIRS?"


def test_a_model_folder_of_the_environment_that_is_not_there_is_a_failure(
    settings: LazySettings,
) -> None:
    settings.MODELS_DIRS = ["/no/such/folder"]
    found = worst(environment.check())
    assert found.result == "fail"
    assert "/no/such/folder does not exist" in found.found


def test_a_redis_that_does_not_answer_is_named_without_its_password(
    settings: LazySettings,
) -> None:
    pytest.importorskip("redis")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    address = f"redis://:hunter2@127.0.0.1:{port}/0"
    settings.CHANNEL_LAYERS = {"default": {"CONFIG": {"hosts": [{"address": address}]}}}
    found = worst(environment.check())
    assert (found.name, found.result) == ("Redis", "fail")
    assert "hunter2" not in found.found + found.advice


def test_missing_and_other_packages_are_told_apart(tmp_path: Path) -> None:
    pins = "django==1.0 \\\n    --hash=sha256:00\nno-such-thing==2.0 ; platform_machine == 'vax'\n"
    assert [pin.name for pin in packages.read_pins(pins)] == ["django", "no-such-thing"]
    file = tmp_path / "run.txt"
    file.write_text(pins)
    assert "instead of 1.0" in packages._packages(file).found
    file.write_text("no-such-thing==2.0 \\\n")
    assert packages._packages(file).result == "fail"
    assert packages._packages(tmp_path / "nothing").result == "unknown"


# ---------------------------------------------------------------- agent
@pytest.mark.django_db
def test_the_agent_is_known_by_its_lease_and_its_sign_of_life(data_dir: Path) -> None:
    assert worst(agent.check()).result == "note"
    lease = AgentLease(data_dir / "agent.lock")
    lease.acquire()
    try:
        found = worst(agent.check())
        assert (found.result, str(os.getpid()) in found.found) == ("fail", True)
        Heartbeat().step()
        assert worst(agent.check()).result == "ok"
        with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
            assert "no sign of life for 5 min" in worst(agent.check()).found
        AgentHeartbeat.objects.update(version="0.0.1")
        assert worst(agent.check()).result == "note"
    finally:
        lease.release()


@pytest.mark.django_db
def test_two_data_folders_of_one_name_are_noticed(data_dir: Path) -> None:
    Heartbeat().step()
    assert worst(agent.check()).result == "fail"


def test_looking_at_the_lease_does_not_take_it(tmp_path: Path) -> None:
    lease = AgentLease(tmp_path / "agent.lock")
    assert lease.held_by() is None
    assert not (tmp_path / "agent.lock").exists()
    assert lease.acquire()
    assert AgentLease(tmp_path / "agent.lock").held_by() == os.getpid()
    lease.release()
    assert lease.held_by() is None
    assert lease.acquire()
    lease.release()


# ---------------------------------------------------------------- models, logs, machine
@pytest.mark.django_db
def test_a_model_folder_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    assert worst(model_folders.check()).result == "note"
    make_root(str(tmp_path))
    assert worst(model_folders.check()).result == "ok"
    make_root("/no/such/folder")
    found = worst(model_folders.check())
    assert found.result == "fail"
    assert "/no/such/folder" in found.found


def test_logs_beyond_their_quota_are_noticed(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worst(logs.check()).result == "ok"
    lifecycle.note("engine.7", "info", "a word")
    (data_dir / "logs" / "engine.7" / "000001.log").write_bytes(b"x" * 100_000)
    assert worst(logs.check()).result == "ok"
    monkeypatch.setattr(logs, "quota_bytes", lambda: 4_096)
    assert worst(logs.check()).result == "note"


def test_the_limit_of_a_container_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "read_limit", lambda: MemoryLimit(2 << 30, 1 << 30))
    found = worst(memory.check())
    assert (found.result, "2.0 GiB" in found.found) == ("note", True)
    monkeypatch.setattr(memory, "read_limit", lambda: None)
    assert "available" in worst(memory.check()).found


@pytest.mark.parametrize("year", [1970, 2108])
def test_a_clock_of_another_age_is_a_failure(year: int) -> None:
    with time_machine.travel(f"{year}-01-01T00:00:00Z", tick=False):
        assert str(year) in worst(clock.check()).found


def test_a_clock_that_was_set_back_is_a_failure(
    database: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(database))
    later = timezone.now().timestamp() + 9_000
    os.utime(database, (later, later))
    assert "set back" in worst(clock.check()).found
    os.utime(database)
    assert worst(clock.check()).result in ("ok", "note")


def test_ports_that_are_all_taken_are_a_failure(settings: LazySettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings.PORT_RANGE = range(port, port + 1)
        assert worst(network_ports.check_range()).result == "fail"
        found = worst(network_ports.check_web(port))
        assert (found.result, "Another program" in found.found) == ("note", True)
    assert worst(network_ports.check_range()).result == "ok"
    assert worst(network_ports.check_web(port)).result == "ok"


# ---------------------------------------------------------------- engines and GPUs
@pytest.fixture
def only_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_on_path", "_packaged", "_embedded"):
        monkeypatch.setattr(discovery, name, lambda: iter(()))
    engine_programs.forget()


@pytest.mark.django_db
@pytest.mark.usefixtures("only_configured")
def test_no_program_at_all_is_a_failure_with_what_to_do(settings: LazySettings) -> None:
    settings.LLAMA_SERVER_BIN = ""
    found = worst(engine_programs.check())
    assert found.result == "fail"
    assert "pip install" in found.advice


@pytest.mark.django_db
@pytest.mark.usefixtures("only_configured")
def test_a_library_that_is_missing_is_named(settings: LazySettings, tmp_path: Path) -> None:
    program = tmp_path / "my server"
    words = "libgomp.so.1: cannot open shared object file"
    program.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 127\n")
    program.chmod(0o755)
    settings.LLAMA_SERVER_BIN = f"'{program}'"
    found = worst(engine_programs.check())
    assert found.result == "fail"
    assert "libgomp1" in found.found
    assert "LLAMA_SERVER_BIN" in found.advice


@pytest.mark.django_db
def test_a_gpu_that_the_engine_cannot_use_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    card = GpuReading("nvidia:1", "RTX 9", 8 << 30, 8 << 30, 0)
    monkeypatch.setattr(devices, "_gpus", lambda: [card])
    candidate = discovery.Candidate(BinaryKind.PATH, ("/usr/bin/llama-server",))
    asked = [engine_programs.Asked(candidate, Probe())]
    monkeypatch.setattr(engine_programs, "asked", lambda: asked)
    found = worst(gpus.check())
    assert found.result == "note"
    assert "CPU only" in found.found
    assert "CUDA" in found.advice
    monkeypatch.setattr(engine_programs, "asked", list)
    assert worst(gpus.check()).result == "ok"


@pytest.mark.django_db
def test_an_engine_that_hangs_in_a_state_is_a_failure(settings: LazySettings) -> None:
    engine = Engine.objects.create(
        llama_model=make_model("tiny"), node=settings.NODE, state="loading", desired="running"
    )
    assert worst(engines.check()).result == "ok"
    Engine.objects.update(state_changed_at=timezone.now() - timedelta(days=1))
    found = worst(engines.check())
    assert (found.result, engine.alias in found.found) == ("fail", True)


@pytest.mark.django_db
def test_rows_without_their_process_are_found(settings: LazySettings, data_dir: Path) -> None:
    assert worst(engines.check_processes()).result == "ok"
    Engine.objects.create(
        llama_model=make_model("tiny"),
        node=settings.NODE,
        state="ready",
        pid=1 << 22,
        pid_started=1,
        port=18_999,
    )
    found = worst(engines.check_processes())
    assert (found.result, "process is gone" in found.found) == ("note", True)


@pytest.mark.django_db
def test_a_process_with_our_mark_that_belongs_to_no_engine_is_found(data_dir: Path) -> None:
    mark = {MARK: mark_of(4711)}
    waits = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(
        waits, env={**os.environ, **mark}, stdin=subprocess.PIPE, start_new_session=True
    ) as process:
        wait_until(
            lambda: worst(engines.check_processes()).result != "ok", "the process to be seen"
        )
        found = worst(engines.check_processes())
        assert str(process.pid) in found.found
        assert "4711" in found.found
        assert process.stdin is not None
        process.stdin.close()
    assert worst(engines.check_processes()).result == "ok"


# ---------------------------------------------------------------- all of them
def test_a_check_that_fails_itself_keeps_no_other_from_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks() -> list[Finding]:
        raise RuntimeError("a fault\nof its own")

    named = [Named("first", breaks), Named("second", lambda: [ok("second", "well")])]
    monkeypatch.setattr("agent_app.doctor.examination.checks", lambda port: named)
    found = list(examine())
    assert [each.result for each in found] == ["unknown", "ok"]
    assert "\n" not in found[0].found


def test_every_check_has_a_name_of_its_own() -> None:
    names = [each.name for each in checks()]
    assert len(set(names)) == len(names)


def test_a_terminal_gets_a_glyph_and_the_word() -> None:
    found = fail("clock", "wrong", "set it")
    first, second = report.lines(found, glyph=True)
    assert first.startswith("✗ fail")
    assert "→ set it" in second
    assert report.lines(found, glyph=False)[0].startswith("fail")


def test_the_worst_finding_is_the_result() -> None:
    found = [ok("a", "x"), note("b", "y", "do"), fail("c", "z", "do")]
    assert report.worst(found) == "fail"
    assert report.worst(found[:2]) == "note"
    assert report.worst([]) == "ok"
    assert report.summary(found[:2]) == ""
