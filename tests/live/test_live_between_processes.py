from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.live_client import LiveClient, cookie
from tests.fakes.migrated import migrated
from tests.fakes.redis_server import redis_server
from tests.fakes.serving import CHECKOUT, serving

SECONDS = 20


@contextmanager
def agent(data_dir: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "agent", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "LLAMADASH_DATA_DIR": str(data_dir), **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=SECONDS)


def test_figures_of_an_agent_reach_browsers_of_a_web_process_also_after_redis_was_killed(
    tmp_path: Path,
) -> None:
    with (
        redis_server() as redis,
        serving(migrated(tmp_path), "--no-agent", environment={"REDIS_URL": redis.url}) as web,
    ):
        login = cookie(tmp_path)
        with (
            agent(tmp_path, REDIS_URL=redis.url) as process,
            LiveClient(web.address, login) as client,
        ):
            client.say(op="sub", topics=["host"])
            client.frame_where(lambda frame: frame["op"] == "delta")
            redis.kill()
            web.wait_for("live updates do not reach other processes")
            redis.start()
            web.wait_for("live updates reach other processes again")
            last = client.mirror.seq["host"]
            client.frame_where(lambda frame: frame.get("seq", 0) > last + 1)
            assert process.poll() is None
        assert process.returncode == 0
        assert web.stop() == 0
        assert "Traceback" not in web.printed


def test_an_agent_alone_says_what_it_lacks(tmp_path: Path) -> None:
    with agent(tmp_path) as process:
        assert process.stderr is not None
        assert "REDIS_URL" in process.stderr.read()
        assert process.wait(SECONDS) == 1


def test_a_wrong_address_stops_the_start_without_repeating_it(tmp_path: Path) -> None:
    with agent(tmp_path, REDIS_URL="http://:geheim@localhost") as process:
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(SECONDS) == 1
    assert "REDIS_URL is not allowed" in said
    assert "geheim" not in said
