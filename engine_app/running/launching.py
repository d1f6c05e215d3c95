"""Starts the process of an engine: port, key, command line, log."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any, Final

from engine_app.child_environment import environment, mark_of
from engine_app.core.verdict import Verdict
from engine_app.memory import kernel
from engine_app.process import Child, Exit, LaunchFailed
from engine_app.process import launch as start_process
from engine_app.running import key_files, ports, records
from engine_app.running.around import Around, note
from engine_app.running.identity import executable
from engine_app.running.orders import Order, Refusal, refuse
from engine_app.running.records import Spawned
from engine_app.running.resident import resident
from engine_app.running.rows import rows
from logs_app import capture

KILL_SECONDS: Final = 5.0
LOST: Final = Verdict("internal", "could not be started", "See the log of this program.")


@dataclass(slots=True)
class Running:
    """A process, and what is known of it while it runs."""

    child: Child
    run_id: int
    port: int
    key: str
    since: float  # wall clock, as its lines are dated
    size_bytes: int = 0
    sleeps_by_itself: bool = False
    owns_port: bool = False  # it is who answers there
    ready_at: float | None = None  # monotonic
    is_asleep: bool = False
    kernel_kills: int | None = None  # when it was started: memory/kernel.py


async def launch(
    order: Order, around: Around, not_these: set[int], plan: dict[str, Any]
) -> Running:
    """Raises Refusal when there is nothing to launch, or it cannot be."""
    port = await _port(order, around, not_these)
    try:
        argv = order.argv(port)
        run_id = await rows(records.begin_run, order, argv, port, plan)
        try:
            running = await _running(order, argv, port, run_id)
        except Refusal as refusal:
            await rows(records.end_run, run_id, Exit(), refusal.verdict, [])
            refusal.is_written = True
            raise
        except Exception:
            await rows(records.end_run, run_id, Exit(), LOST, [])
            raise
    except BaseException:
        around.promised.discard(port)
        raise
    note(order.source, "info", f"started as process {running.child.pid} on port {port}")
    return running


async def _running(order: Order, argv: list[str], port: int, run_id: int) -> Running:
    """Raises Refusal. Whatever it raises: there is no process then."""
    since, kernel_kills = time.time(), kernel.kills()
    try:
        key = key_files.new_key(order.engine_id)
        child = _spawn(order, argv, key, run_id)
    except (LaunchFailed, OSError) as error:
        why = str(error) if isinstance(error, LaunchFailed) else f"{error.strerror}"
        raise refuse("no_program", f"could not be started: {why}") from error
    try:
        process = Spawned(child.pid, child.started_ticks, executable(child.pid))
        await rows(records.spawned, order.engine_id, run_id, process)
    except BaseException:  # a process that is in no row would be nobody's
        child.kill_group()
        await child.wait(KILL_SECONDS)
        child.let_go()
        raise
    return Running(
        child,
        run_id,
        port,
        key,
        since,
        size_bytes=order.size_bytes,
        sleeps_by_itself=order.sleeps_by_itself,
        kernel_kills=kernel_kills,
    )


async def _port(order: Order, around: Around, not_these: set[int]) -> int:
    others = await rows(records.ports_of_others, order.engine_id)
    preferred = [order.last_port] if order.last_port else []
    try:
        # No await between the choice and the promise: two starts never get the same one.
        port = ports.free_port(around.ports, others | around.promised | not_these, preferred)
    except ports.NoFreePort as error:
        raise refuse("no_port", "found no free port", str(error)) from error
    around.promised.add(port)
    return port


def _spawn(order: Order, argv: list[str], key: str, run_id: int) -> Child:
    surroundings = environment(
        library_path=order.binary.needs_library_path,
        embedded=order.binary.is_embedded,
        key=key,
        mark=mark_of(order.engine_id),
    )
    output = capture.open_output(order.source)
    try:
        # By it the words of this process are told from those of the one before.
        os.write(output, f"{first_line(run_id)}\n".encode())
        return start_process(argv, surroundings, output, key_files.folder(order.engine_id))
    finally:
        os.close(output)


def first_line(run_id: int) -> str:
    return f"llamadash: run {run_id} begins"


def measured(pid: int) -> dict[str, int]:
    found = resident(pid)
    if found is None:
        return {}
    return {"rss_bytes": found.rss_bytes, "file_bytes": found.file_bytes}
