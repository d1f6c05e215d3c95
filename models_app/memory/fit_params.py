"""Asks llama.cpp's own `llama-fit-params` what a model will take, where it is installed.

It builds the model without reading the weights (about a second for an 8B file) and so needs no
formula of ours. With `--fit-print on` it fits nothing and prints one line for each device and one
for the host, in whole MiB, each part rounded down (tools/fit-params and common/fit.cpp of
llama.cpp, since b8857 of April 2026; pull request 22171 shows an example):

    CUDA0 7401 814 517
    Host 1280 0 154

that is device, model, context, compute, and a space at the end of the line. Builds before that
print fitted arguments instead ("-c 4096 -ngl 33"), which is not taken for a projection.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import selectors
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar, Final, NamedTuple

from llamadash.perf import timed
from models_app.core.cleaning import clean_line
from models_app.core.memory import Options

logger = logging.getLogger(__name__)

PROGRAM: Final = "llama-fit-params"
TIMEOUT_SECONDS: Final = 20.0
MAX_OUTPUT_BYTES: Final = 256 << 10
_MIB: Final = 1 << 20

# What the program needs to find its libraries and see the devices the engine will see. Anything
# else stays out: LLAMA_ARG_* would change the question, secrets are none of its business.
_PASSED_ON: Final = (
    "PATH", "HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
    "HSA_OVERRIDE_GFX_VERSION", "GGML_VK_VISIBLE_DEVICES", "ONEAPI_DEVICE_SELECTOR",
)  # fmt: skip
# Each run initialises the GPU driver and takes memory: a page opened often must not start a crowd.
_RUNS = threading.BoundedSemaphore(2)
_LINE = re.compile(r"(\S.{0,63}?) +(\d{1,9}) +(\d{1,9}) +(\d{1,9})\s*", re.ASCII)


class DeviceProjection(NamedTuple):
    name: str  # "CUDA0", "Host"
    model_bytes: int
    cache_bytes: int
    compute_bytes: int

    @property
    def total_bytes(self) -> int:
        return self.model_bytes + self.cache_bytes + self.compute_bytes


@dataclass(frozen=True, slots=True)
class Projection:
    """llama.cpp's own figures, each part a whole number of MiB."""

    source: ClassVar[str] = PROGRAM

    devices: tuple[DeviceProjection, ...]
    host: DeviceProjection

    @property
    def weights_bytes(self) -> int:
        return sum(place.model_bytes for place in (*self.devices, self.host))

    @property
    def cache_bytes(self) -> int:
        """KV cache and recurrent state together, which llama.cpp calls context."""
        return sum(place.cache_bytes for place in (*self.devices, self.host))

    @property
    def compute_bytes(self) -> int:
        return sum(place.compute_bytes for place in (*self.devices, self.host))

    @property
    def device_bytes(self) -> int:
        return sum(place.total_bytes for place in self.devices)

    @property
    def host_bytes(self) -> int:
        return self.host.total_bytes

    @property
    def total_bytes(self) -> int:
        return self.device_bytes + self.host_bytes


def find_program(server: str | None = None) -> Path | None:
    """The program beside this llama-server (a path or a name on PATH), else the one on PATH."""
    if server and (found := shutil.which(server)):
        # Beside the name as given and beside what a link leads to.
        folders = (Path(found).parent, Path(found).resolve().parent)
        for folder in folders:
            if beside := shutil.which(PROGRAM, path=str(folder)):
                return Path(beside).absolute()
    on_path = shutil.which(PROGRAM)
    return Path(on_path).absolute() if on_path else None


@timed("memory.fit_params", slow_seconds=10)
def project(
    program: Path, model: Path, options: Options, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> Projection | None:
    """Ask about one model file (the first of a split one). Blocks: call it from a thread.

    None when there is no usable answer; the reason is logged and the estimate serves instead.
    """
    try:
        return _project(program, model, options, time.monotonic() + timeout_seconds)
    except _NoAnswerError as reason:
        logger.info("no projection from %s for %s: %s", PROGRAM, clean_line(model.name), reason)
        return None


class _NoAnswerError(Exception):
    """Why the program could not be used, in plain words."""


def _project(program: Path, model: Path, options: Options, deadline: float) -> Projection:
    argv = arguments(program, model, options)
    if not _RUNS.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise _NoAnswerError("too many runs at once")
    try:
        return parse_projection(_run(argv, deadline))
    finally:
        _RUNS.release()


def arguments(program: Path, model: Path, options: Options) -> list[str]:
    if options.unified and options.parallel > 1:
        raise _NoAnswerError("it has no option for one cache shared by several requests")
    flags = [
        *("-m", str(model.absolute())),
        *("-c", str(options.ctx)),
        *("-np", str(options.parallel)),
        *("-ub", str(options.ubatch)),
        *("-ctk", options.type_k),
        *("-ctv", options.type_v),
        *("-ngl", str(options.gpu_layers)),
        *("-fa", "on" if options.flash_attention else "off"),
        *("--fit-print", "on"),
    ]
    if options.swa_full:
        flags.append("--swa-full")
    if options.cpu_moe:
        flags.append("--cpu-moe")
    return [str(program), *flags]


def parse_projection(output: str) -> Projection:
    """The last lines that have the form of the table; log lines may stand before and behind."""
    places: list[DeviceProjection] = []
    for line in output.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            places.clear()
            continue
        model, context, compute = (int(figure) * _MIB for figure in match.groups()[1:])
        name = clean_line(match[1]) or "?"
        if name.lower() == "host":
            host = DeviceProjection(name, model, context, compute)
            return Projection(tuple(places), host)
        places.append(DeviceProjection(name, model, context, compute))
    raise _NoAnswerError("its output holds no line for the host")


def _run(argv: list[str], deadline: float) -> str:
    """Standard output. The process and what it started are gone when this returns or raises."""
    try:
        process = subprocess.Popen(  # noqa: S603 - an argument list, no shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise _NoAnswerError(f"it cannot be started: {error.strerror}") from error
    with process:
        try:
            output = _read(process.stdout, deadline)
            code = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            _kill_group(process)
            raise _NoAnswerError("it did not answer in time") from error
        except BaseException:
            _kill_group(process)
            raise
    if code != 0:
        raise _NoAnswerError(f"it ended with exit code {code}")
    return output.decode("utf-8", "replace")


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, "LC_ALL": "C"}


def _read(stream: IO[bytes] | None, deadline: float) -> bytes:
    if stream is None:
        return b""
    output = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            chunk = os.read(stream.fileno(), 65_536)
            output += chunk
            if not chunk:
                return output
            if len(output) > MAX_OUTPUT_BYTES:
                raise _NoAnswerError("it printed more than a projection")
    raise _NoAnswerError("it did not answer in time")


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Only before the process was waited for: until then its number cannot be another's."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
