from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
from django.conf import settings

from agent_app.doctor.finding import Finding, fail, note, ok, unknown
from agent_app.readiness import LEAST_FREE_BYTES
from llamadash.formats import size
from models_app.disk.bounded import within

NAME: Final = "data folder"
KEY: Final = "secret key"
LITTLE_FREE_BYTES: Final = 1 << 30
ANSWER_SECONDS: Final = 5.0
MOVE: Final = "Set LLAMADASH_DATA_DIR to a folder on a local disk that you may write to."
# SQLite's locks and shared memory do not work there, or not reliably.
NETWORK: Final = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "fuse.sshfs",
        "ceph",
        "glusterfs",
        "afs",
        "lustre",
    }
)


def check() -> Iterator[Finding]:
    folder = Path(settings.DATA_DIR)
    hangs = [unknown(NAME, f"{folder} does not answer: is its disk still there?", MOVE)]
    yield from within(ANSWER_SECONDS, lambda: list(_look(folder)), hangs)


def _look(folder: Path) -> Iterator[Finding]:
    try:
        status = folder.stat()
    except FileNotFoundError:
        yield fail(NAME, f"{folder} does not exist.", f"mkdir -m 700 {folder}")
        return
    except OSError as error:
        yield fail(NAME, f"{folder} cannot be looked at: {error.strerror}.", MOVE)
        return
    if not stat.S_ISDIR(status.st_mode):
        yield fail(NAME, f"{folder} is no folder.", MOVE)
        return
    yield from _problems(folder, status) or [ok(NAME, f"{folder}, {_kind(folder) or 'local'}")]
    yield _free(folder)


def _problems(folder: Path, status: os.stat_result) -> list[Finding]:
    mode, problems = stat.S_IMODE(status.st_mode), []
    if not os.access(folder, os.W_OK | os.X_OK):
        problems.append(fail(NAME, f"{folder} may not be written to by this account.", MOVE))
    if status.st_uid != os.geteuid():
        words = f"{folder} belongs to user {status.st_uid}, and this is user {os.geteuid()}."
        problems.append(note(NAME, words, "Run llamadash as the user who owns it."))
    if mode & 0o077:
        words = f"{folder} is open to other users (mode {mode:04o}): it holds keys and logs."
        problems.append(note(NAME, words, f"chmod 700 {folder}"))
    if (kind := _kind(folder)) in NETWORK:
        words = f"{folder} is on a network file system ({kind}), where SQLite may lose data."
        problems.append(note(NAME, words, MOVE))
    return problems


def _kind(folder: Path) -> str:
    """The file system it is on; empty when that is not known."""
    try:
        mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    except OSError:
        return ""
    real = folder.resolve()
    return next((mounts[each] for each in (real, *real.parents) if each in mounts), "")


def _free(folder: Path) -> Finding:
    usage = shutil.disk_usage(folder)
    words = f"{size(usage.free)} of {size(usage.total)} are free"
    if usage.free < LEAST_FREE_BYTES:
        return fail("disk", f"{words}: too little to go on.", "Free some space on this disk.")
    if usage.free < LITTLE_FREE_BYTES:
        return note("disk", f"{words}.", "Free some space on this disk soon.")
    return ok("disk", words)


def check_secret_key() -> Iterator[Finding]:
    if os.environ.get("LLAMADASH_SECRET_KEY", "").strip():
        yield ok(KEY, "LLAMADASH_SECRET_KEY gives it")
        return
    file = Path(settings.DATA_DIR) / "secret_key"
    try:
        status = file.stat()
    except OSError as error:
        words = f"{file} cannot be looked at: {error.strerror}."
        yield fail(KEY, words, "Let this account read it: without it nobody stays logged in.")
        return
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        words = f"{file} can be read by other users (mode {mode:04o}): they can forge logins."
        advice = f"chmod 600 {file}; if others use this machine delete it and start again."
        yield fail(KEY, words, advice)
    elif status.st_size < 32:
        words = f"{file} is too short for a key."
        yield fail(KEY, words, "Delete it: the next start makes one, and all log in again.")
    else:
        yield ok(KEY, f"{file}, mode {mode:04o}")
