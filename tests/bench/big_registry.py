"""A registry of many models, made by a real scan, in the benchmarks' own data directory."""

from __future__ import annotations

import functools
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from models_app.core import gguf
from tests import environment
from tests.bench.signed_in import SignedIn
from tests.fakes.gguf_models import llama_like
from tests.fakes.serving import serving

MODELS: Final = 1000
QUICK_MODELS: Final = 100
DATA_DIR: Final = Path(environment.folder)

# Long written: a scan leaves a file alone while it may still grow.
_WRITTEN_AT: Final = 1_700_000_000


class ScanTimes(NamedTuple):
    """Seconds for all files."""

    cpu: float
    wall: float


@functools.cache
def django_ready() -> None:
    import django

    logging.disable(logging.WARNING)  # the table is what is to be read
    os.environ["DJANGO_SETTINGS_MODULE"] = "llamadash.settings"
    django.setup()
    from agent_app.preparing import prepare_web

    prepare_web()


@functools.cache
def model_files(count: int) -> Path:
    """A folder of 8 B models with 32,000 tokens each; their weights take no disk space."""
    folder = Path(tempfile.mkdtemp(prefix="models-", dir=DATA_DIR))
    pattern = folder / "pattern"
    llama_like(
        pattern,
        name="Bench 0000",
        vocab=32_000,
        layers=32,
        embedding=4096,
        heads=32,
        kv_heads=8,
        feed_forward=14336,
    )
    size_bytes = pattern.stat().st_size
    with pattern.open("rb") as file:
        head = file.read(gguf.read(pattern).data_offset)
    pattern.unlink()
    for number in range(count):
        path = folder / f"Bench-{number:04d}-8B-Instruct-Q4_K_M.gguf"
        with path.open("wb") as file:
            file.write(head.replace(b"Bench 0000", b"Bench %04d" % number))
            file.truncate(size_bytes)
        os.utime(path, (_WRITTEN_AT, _WRITTEN_AT))
    return folder


@functools.cache
def first_scan(count: int) -> ScanTimes:
    """Registers the files; raises when they are not all there afterwards."""
    django_ready()
    from models_app.models import LlamaModel
    from models_app.roots import add_root

    folder = model_files(count)
    _read_all(folder)  # a warm page cache, as the budget says
    root = add_root(folder)
    times = scan([root])
    if (known := LlamaModel.objects.filter(state="ok").count()) != count:
        raise RuntimeError(f"{known} of {count} models were registered")
    return times


def scan(roots: list[Any]) -> ScanTimes:
    from models_app import scanning

    cpu, wall = time.process_time(), time.perf_counter()
    report = scanning.scan(roots)
    times = ScanTimes(time.process_time() - cpu, time.perf_counter() - wall)
    if report.state != "done":
        raise RuntimeError(f"the scan ended as {report.state}: {report}")
    return times


@contextmanager
def served(*arguments: str) -> Iterator[SignedIn]:
    """The registry behind a real `serve`, and somebody who is logged in there."""
    django_ready()
    cookie = _session_cookie()
    with serving(DATA_DIR, *arguments) as running, SignedIn(running, cookie) as client:
        yield client


def _read_all(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            file.read(2 << 20)


@functools.cache
def _session_cookie() -> str:
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.create_superuser("bench"))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
