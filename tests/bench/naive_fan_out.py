"""python -m tests.bench.naive_fan_out HERTZ WIDTH: live figures as Channels' own tutorial has them.

Each browser is a consumer in a group of the in-memory layer; each tick the whole state, by key.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.fakes.serving import ADDRESS, CHECKOUT, Serving, wait_until

GROUP = "load"


@contextmanager
def naive_server(hertz: float, width: int) -> Iterator[Serving]:
    command = [sys.executable, "-m", "tests.bench.naive_fan_out", str(hertz), str(width)]
    process = subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True)
    running = Serving(process)
    try:
        wait_until(lambda: ADDRESS.search(running.printed), "the address of the naive server")
        yield running
    finally:
        process.kill()
        running.stop()


def application() -> Any:
    from channels.generic.websocket import AsyncJsonWebsocketConsumer

    class Consumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
        groups = [GROUP]

        async def receive_json(self, content: Any, **options: Any) -> None:
            pass

        async def load_figures(self, message: dict[str, Any]) -> None:
            await self.send_json(message["content"])

    return Consumer.as_asgi()


async def publish(hertz: float, width: int) -> None:
    from channels.layers import get_channel_layer

    layer = get_channel_layer()
    while True:
        values = {f"load/busy_ratio/{number}": round(random.random(), 4) for number in range(width)}
        content = {"op": "delta", "t": round(time.time(), 3), "values": values}
        with suppress(Exception):  # full
            await layer.group_send(GROUP, {"type": "load.figures", "content": content})
        await asyncio.sleep(1 / hertz)


async def serve(hertz: float, width: int) -> None:
    import socket

    import uvicorn

    config = uvicorn.Config(
        application(), lifespan="off", ws="websockets-sansio", log_config=None, access_log=False
    )
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as bound:
        print(f"llamadash is at http://127.0.0.1:{bound.getsockname()[1]}/", file=sys.stderr)
        publishing = asyncio.create_task(publish(hertz, width))
        await uvicorn.Server(config).serve([bound])
        publishing.cancel()


def main() -> None:
    import uvloop
    from django.conf import settings

    layer = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    settings.configure(CHANNEL_LAYERS={"default": layer})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(float(sys.argv[1]), int(sys.argv[2])))


if __name__ == "__main__":
    main()
