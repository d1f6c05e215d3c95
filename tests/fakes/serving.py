"""A real `manage.py serve` in a process and a data directory of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
ADDRESS: Final = re.compile(r"llamadash is at (http://\S+)/")
START_SECONDS: Final = 90.0  # beside other tests, on two cores
LINK: Final = re.compile(r"http://\S+/setup/\?token=(\S+)")


def wait_until(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Returns as soon as `condition` holds; fails by name when it never does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:.0f} s in vain for: {what}")
        time.sleep(0.02)


class Serving:
    """The process, what it has printed so far, and its address."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: list[str] = []
        cookies = urllib.request.HTTPCookieProcessor()
        self._browser = urllib.request.build_opener(cookies)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.append(line)

    @property
    def printed(self) -> str:
        return "".join(self._lines)

    @property
    def address(self) -> str:
        found = ADDRESS.search(self.printed)
        assert found, self.printed
        return found[1]

    @property
    def setup_token(self) -> str:
        found = LINK.search(self.printed)
        assert found, self.printed
        return found[1]

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with self._browser.open(self.address + path, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.printed or self.ended, f"{text!r} in what serve prints")
        assert text in self.printed, self.printed

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self, number: int = signal.SIGTERM) -> int:
        if not self.ended:
            self.process.send_signal(number)
        code = self.process.wait(40)
        self._reader.join(5)
        return code


@contextmanager
def serving(
    data_dir: Path, *arguments: str, port: int = 0, environment: dict[str, str] | None = None
) -> Iterator[Serving]:
    command = [sys.executable, "manage.py", "serve", "--port", str(port), *arguments]
    surroundings = {**os.environ, "LLAMADASH_DATA_DIR": str(data_dir), **(environment or {})}
    process = subprocess.Popen(
        command, cwd=CHECKOUT, env=surroundings, stderr=subprocess.PIPE, text=True
    )
    running = Serving(process)
    try:
        wait_until(
            lambda: ADDRESS.search(running.printed) or running.ended,
            "the address of serve",
            START_SECONDS,
        )
        if not running.ended:
            wait_until(
                lambda: running.get("/healthz")[0] == 200 or running.ended,
                "an answer",
                START_SECONDS,
            )
        yield running
    finally:
        if not running.ended:
            process.kill()
        running.stop()
        assert process.stderr is not None
        process.stderr.close()
