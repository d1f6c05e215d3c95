"""Processes of engines: the only place that starts any.

An engine has a session of its own, so that a Ctrl-C in our terminal does not reach it, and nothing
of ours but the descriptor of its log. It is started by the thread of the event loop, which lives as
long as we do: some of what a parent can ask of the kernel is bound to the thread that asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import psutil

from engine_app.running.identity import carrying, is_alive, started_ticks

POLL_SECONDS: Final = 0.2  # only where the system has no descriptors for processes
MARKED_ROUNDS: Final = 3
MARKED_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.02  # how soon a short question notices that the program has ended
END_SECONDS: Final = 5.0  # that the kernel may take to end what was killed


class LaunchFailed(Exception):
    """The program could not even be started; its text says why."""


@dataclass(frozen=True, slots=True)
class Exit:
    """`code` is null when it is not known: somebody else was the parent."""

    code: int | None = None
    signal: int | None = None


class Child:
    """A process that was started here, or by our predecessor. Its end sets `ended`.

    Whatever it has started itself ends with it: the process group is killed while the dead process
    still holds its number, so that the number cannot be another's.
    """

    def __init__(self, pid: int) -> None:
        """Raises ProcessLookupError when there is no such process. Call it in the event loop."""
        self.pid = pid
        self.started_ticks = started_ticks(pid)
        self.ended = asyncio.Event()
        self.exit = Exit()
        self._watch: _Watch = _watch(pid, self._on_end)

    def signal(self, number: int) -> None:
        if not self.ended.is_set():
            self._watch.signal(number)

    def kill_group(self) -> None:
        if not self.ended.is_set():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._watch.signal(signal.SIGKILL)

    async def wait(self, seconds: float) -> bool:
        """Whether it has ended by then."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), seconds)
        return self.ended.is_set()

    def let_go(self) -> None:
        """It runs on, and nobody here watches it any more."""
        self._watch.close()

    def _on_end(self) -> None:
        self._watch.close()
        # Gone altogether, its number is kept by what is left of its group; or another has it.
        if started_ticks(self.pid) in (self.started_ticks, None):
            _kill_leftovers(self.pid)
        self.exit = _reap(self.pid)
        self.ended.set()


def launch(argv: Sequence[str], environment: Mapping[str, str], output: int, folder: Path) -> Child:
    """`output` takes what it prints. Raises LaunchFailed."""
    try:
        process = subprocess.Popen(  # noqa: S603 - a list of checked words, no shell
            list(argv),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    except OSError as error:
        raise LaunchFailed(f"{argv[0]} cannot be started: {error.strerror}") from error
    except ValueError as error:  # a NUL among the words
        raise LaunchFailed(f"{argv[0]} cannot be started: {error}") from error
    # We wait for it ourselves, or leave it running on purpose: the object must do neither.
    process.returncode = 0
    return Child(process.pid)


def _kill_leftovers(pid: int) -> None:
    """Ends what is left of the process group of one that is dead."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_marked(mark: str) -> int:
    """Ends what carries this mark: also what has left the group of the process that started it.
    How many there were. Blocks while it looks at every process of the machine."""
    ended: set[int] = set()
    for _ in range(MARKED_ROUNDS):  # what starts others while it is looked for
        found = list(carrying(mark))
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if not found:
            break
        ended.update(process.pid for process in found)
        _wait_for_end_of(found)
    return len(ended)


def _wait_for_end_of(processes: Sequence[psutil.Process]) -> None:
    """Reaps none: whoever has started one of them wants to know how it ended."""
    deadline = time.monotonic() + MARKED_SECONDS
    while time.monotonic() < deadline and any(map(is_alive, processes)):
        time.sleep(LOOK_SECONDS)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _reap(pid: int) -> Exit:
    try:
        _, status = os.waitpid(pid, 0)
    except ChildProcessError:  # our predecessor's: whoever is its parent now does that
        return Exit()
    code = os.waitstatus_to_exitcode(status)
    return Exit(signal=-code) if code < 0 else Exit(code=code)


# ---------------------------------------------------------------- watching
class _Watch(Protocol):
    def signal(self, number: int) -> None: ...

    def close(self) -> None: ...


def _watch(pid: int, on_end: Callable[[], None]) -> _Watch:
    has_descriptors = hasattr(os, "pidfd_open")
    return _DescriptorWatch(pid, on_end) if has_descriptors else _PollingWatch(pid, on_end)


class _DescriptorWatch:
    """The kernel tells; and a signal reaches this process only, even when its number is reused."""

    def __init__(self, pid: int, on_end: Callable[[], None]) -> None:
        self._fd = os.pidfd_open(pid)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, on_end)

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(self._fd, number)

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


class _PollingWatch:
    def __init__(self, pid: int, on_end: Callable[[], None]) -> None:
        if not _exists(pid):
            raise ProcessLookupError(pid)
        self._pid = pid
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.call_later(POLL_SECONDS, self._look)

    def _look(self) -> None:
        if _is_running(self._pid):
            self._next = self._loop.call_later(POLL_SECONDS, self._look)
        else:
            self._on_end()

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self._pid, number)

    def close(self) -> None:
        self._next.cancel()


def _is_running(pid: int) -> bool:
    """A child that is dead and not waited for yet does not run."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return _exists(pid)


# ---------------------------------------------------------------- short questions
@dataclass(frozen=True, slots=True)
class Answer:
    """`problem` says why there is none; `text` is standard output and error as they came."""

    code: int | None = None
    signal: int | None = None
    text: str = ""
    problem: str = ""


def ask(
    argv: Sequence[str], environment: Mapping[str, str], *, seconds: float, most_bytes: int
) -> Answer:
    """Runs a program to its end. It and its process group are gone then. Blocks."""
    try:
        process = subprocess.Popen(  # noqa: S603 - a list of checked words, no shell
            list(argv),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        return Answer(problem=f"It cannot be started: {why}.")
    deadline = time.monotonic() + seconds
    try:
        text = _read_to_end(process, deadline, most_bytes)
    except TimeoutError:
        return Answer(problem=f"It did not answer within {seconds:.0f} seconds.")
    except OverflowError:
        return Answer(problem="It printed far more than it was asked for.")
    finally:
        # Before it is waited for: until then its number, and its group's, cannot be another's.
        _kill_leftovers(process.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
    code = process.returncode
    words = text.decode("utf-8", "replace")
    return Answer(code, None, words) if code is None or code >= 0 else Answer(None, -code, words)


def _read_to_end(process: subprocess.Popen[bytes], deadline: float, most_bytes: int) -> bytes:
    """What it prints until it ends; what it has started may hold its output open for ever."""
    read = bytearray()
    with selectors.DefaultSelector() as selector:
        if process.stdout is not None:
            selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            has_ended = not _is_running(process.pid)  # all that it has printed is there then
            ready = selector.select(LOOK_SECONDS)
            for key, _ in ready:
                piece = os.read(key.fd, 65_536)
                read += piece
                if not piece:
                    selector.unregister(key.fileobj)
            if len(read) > most_bytes:
                raise OverflowError
            if has_ended and not ready:
                return bytes(read)
    raise TimeoutError
