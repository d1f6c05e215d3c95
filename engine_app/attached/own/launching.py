"""Starts the router's process: port, key, file of presets, command line, log."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from django.conf import settings

from engine_app.attached.own import records
from engine_app.attached.own.records import RouterOrder
from engine_app.child_environment import MARK, environment, owner
from engine_app.core.router_argv import router_argv
from engine_app.process import Child, LaunchFailed
from engine_app.process import launch as start_process
from engine_app.running import file_check, ports
from engine_app.running.identity import executable
from engine_app.running.launching import KILL_SECONDS, Running, first_line
from engine_app.running.orders import refuse
from engine_app.running.programs import Programs
from engine_app.running.rows import rows
from logs_app import capture

# The router also lists what llama.cpp and Hugging Face have downloaded: only presets are meant.
_EMPTY_CACHES: Final = ("LLAMA_CACHE", "HF_HOME", "HF_HUB_CACHE")


def mark() -> str:
    """No number behind it: the supervisor of engines leaves such processes alone."""
    return f"{owner()}:router"


def folder() -> Path:
    return Path(settings.DATA_DIR) / "router"


async def read_order(router_id: int, programs: Programs) -> RouterOrder:
    """Raises Refusal."""
    await programs.find()
    files = await rows(records.files_of_presets)
    complaints = await asyncio.to_thread(_complaints, files)
    return await rows(records.order, router_id, complaints)


def _complaints(files: dict[int, tuple[Path, ...]]) -> dict[int, str]:
    found = {pk: file_check.complaint(paths) for pk, paths in files.items()}
    return {
        pk: f"Its model {verdict.sentence}." for pk, verdict in found.items() if verdict is not None
    }


async def launch(order: RouterOrder, port_range: range, not_these: set[int]) -> Running:
    """Raises Refusal."""
    preferred = [order.last_port] if order.last_port else []
    taken = await rows(records.taken_ports, order.router_id)
    try:
        port = ports.free_port(port_range, taken | not_these, preferred)
    except ports.NoFreePort as error:
        raise refuse("no_port", "found no free port", str(error)) from error
    key = secrets.token_urlsafe(32)
    since = time.time()
    try:
        await rows(records.shown_as, order.router_id, port, key)
        argv = router_argv(
            order.binary.words,
            preset_file=_written(order.models_ini),
            most_loaded=order.most_loaded,
            port=port,
            knows=order.binary.knows,
        )
        child = _spawn(order, argv, key)
    except (LaunchFailed, OSError) as error:
        why = str(error) if isinstance(error, LaunchFailed) else f"{error.strerror}"
        raise refuse("no_program", f"could not be started: {why}") from error
    try:
        await rows(
            records.spawned,
            order.router_id,
            order,
            argv,
            port,
            pid=child.pid,
            pid_started=child.started_ticks,
            executable=executable(child.pid),
        )
    except BaseException:  # a process that is in no row would be nobody's
        child.kill_group()
        await child.wait(KILL_SECONDS)
        child.let_go()
        raise
    return Running(child, order.generation, port, key, since)


def _written(text: str) -> Path:
    path = folder() / "models.ini"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_text(text)
    aside.replace(path)
    return path


def _spawn(order: RouterOrder, argv: Sequence[str], key: str) -> Child:
    surroundings = environment(
        library_path=order.binary.needs_library_path, embedded=False, key=key
    )
    surroundings[MARK] = mark()
    caches = folder() / "no-downloads"
    caches.mkdir(mode=0o700, exist_ok=True)
    surroundings |= dict.fromkeys(_EMPTY_CACHES, str(caches))
    output = capture.open_output(order.source)
    try:
        os.write(output, f"{first_line(order.generation)}\n".encode())
        return start_process(argv, surroundings, output, folder())
    finally:
        os.close(output)
