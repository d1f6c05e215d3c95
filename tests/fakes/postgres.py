"""A real PostgreSQL of the tests' own: a throw-away cluster on a Unix socket, without a port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.db import connections
from django.db.utils import ConnectionHandler, load_backend

# Debian keeps the server's programs off the path.
PLACES: Final = "/usr/lib/postgresql/*/bin"
FAST: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`, the newest there is."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    places = [path for path in Path("/").glob(PLACES[1:]) if (path / "initdb").exists()]
    return max(places, key=lambda path: int(path.parent.name), default=None)


def _user() -> str | None:
    """As root the server refuses to run: the account that Debian made for it is used."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


def why_missing() -> str:
    """What keeps it from running here; empty if nothing does."""
    if programs() is None:
        return "PostgreSQL is not installed"
    return "" if _user() else "PostgreSQL does not run as root and has no account of its own"


@contextmanager
def running_cluster() -> Iterator[str]:
    """The DATABASE_URL of its database, which is empty."""
    bin_folder, user = programs(), _user()
    assert bin_folder and user
    # Short, for the socket's path, and open to the account: pytest's own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    shutil.chown(folder, user)
    as_user: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL}
    if os.getuid() == 0:
        as_user |= {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    data = folder / "data"
    try:
        initdb: list[str | Path] = [bin_folder / "initdb", "--no-sync", "-A", "trust"]
        initdb += ["-U", "llamadash", "-D", data]
        subprocess.run(initdb, check=True, stderr=subprocess.PIPE, **as_user)
        options = [part for each in FAST for part in ("-c", each)]
        server: list[str | Path] = [
            bin_folder / "postgres",
            "-D",
            data,
            "-k",
            folder,
            "-h",
            "",
            *options,
        ]
        process = subprocess.Popen(server, stderr=subprocess.DEVNULL, **as_user)
        try:
            _wait(bin_folder, folder)
            yield f"postgresql://llamadash@/postgres?host={folder}"
        finally:
            process.terminate()
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(bin_folder: Path, folder: Path) -> None:
    from tests.fakes.serving import wait_until

    ready: list[str | Path] = [bin_folder / "pg_isready", "-q", "-h", folder, "-U", "llamadash"]
    wait_until(lambda: subprocess.run(ready).returncode == 0, "an answer of PostgreSQL")


@contextmanager
def as_default_database(url: str) -> Iterator[None]:
    """Makes it the database of this thread, in place of the one of the settings."""
    import dj_database_url

    handler = ConnectionHandler({"default": dict(dj_database_url.parse(url, conn_max_age=None))})
    settings = handler.settings["default"]
    wrapper = load_backend("django.db.backends.postgresql").DatabaseWrapper(settings, "default")
    before = connections["default"]
    connections["default"] = wrapper
    try:
        yield
    finally:
        wrapper.close()
        connections["default"] = before
