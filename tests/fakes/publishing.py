"""python -m tests.fakes.publishing HERTZ WIDTH serve|runserver [ARGUMENT...]

The real command, in a process that also publishes `WIDTH` values under the topic "load".
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.fakes.serving import ADDRESS, CHECKOUT, Serving, wait_until

LISTENING: Final = re.compile(r"Listening on TCP address ([\d.:]+)")


class ServingDaphne(Serving):
    @property
    def address(self) -> str:
        found = LISTENING.search(self.printed)
        assert found, self.printed
        return f"http://{found[1]}"


@contextmanager
def publishing(
    data_dir: Path,
    *arguments: str,
    server: str = "serve",
    hertz: float = 20,
    width: int = 10,
    environment: dict[str, str] | None = None,
) -> Iterator[Serving]:
    """`server`: serve, or runserver with Daphne. Both take a free port."""
    is_daphne = server == "runserver"
    own = ["127.0.0.1:0", "--noreload"] if is_daphne else ["--port", "0", "--no-agent"]
    program = [sys.executable, "-m", "tests.fakes.publishing", str(hertz), str(width), server]
    surroundings = {
        **os.environ,
        "LLAMADASH_DATA_DIR": str(data_dir),
        "LLAMADASH_DEBUG": str(int(is_daphne)),
        **(environment or {}),
    }
    process = subprocess.Popen(
        [*program, *own, *arguments],
        cwd=CHECKOUT, env=surroundings, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    running = (ServingDaphne if is_daphne else Serving)(process)
    address = LISTENING if is_daphne else ADDRESS
    try:
        wait_until(lambda: address.search(running.printed) or running.ended, "the address")
        wait_until(lambda: running.get("/healthz")[0] == 200 or running.ended, "an answer")
        yield running
    finally:
        if not running.ended:
            process.kill()
        running.stop()
        assert process.stderr is not None
        process.stderr.close()


def publish(hertz: float, width: int) -> None:
    from live_app.core.frames import Field
    from live_app.hub import hub

    hub.open("load")
    fields = tuple(Field(f"load/busy_ratio/{number}", "ratio") for number in range(width))
    values: list[float | None] = [0.0] * width
    while True:
        values = [random.random() for _ in range(width)]
        hub.publish("load", fields, values, time.time())
        time.sleep(1 / hertz)


def main() -> None:
    import django
    from django.core.management import execute_from_command_line

    os.environ["DJANGO_SETTINGS_MODULE"] = "llamadash.settings"
    django.setup()
    hertz, width = float(sys.argv[1]), int(sys.argv[2])
    threading.Thread(target=publish, args=(hertz, width), daemon=True).start()
    execute_from_command_line(["manage.py", *sys.argv[3:]])


if __name__ == "__main__":
    main()
