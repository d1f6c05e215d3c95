"""The web server and the agent in one asyncio loop and one process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from agent_app.agent import Agent
from agent_app.bridging import make_bridge
from agent_app.http_protocol import HttpProtocol
from agent_app.stop import on_stop
from agent_app.web_socket import WebSocket
from live_app.limits import FRAME_BYTES
from proxy_app import gateway

DRAIN_SECONDS = 30


class WebServer(uvicorn.Server):
    """uvicorn with our signal handling: it stops when it is told to, not when it is signalled."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def web_server() -> WebServer:
    return WebServer(
        uvicorn.Config(
            "llamadash.asgi:application",
            lifespan="off",
            http=HttpProtocol,
            ws=WebSocket,
            ws_per_message_deflate=False,  # measured: 4 times the CPU, 8 times the memory
            ws_max_size=FRAME_BYTES,
            ws_ping_interval=None,  # the hub's beats do that, without a timer for each client
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )


async def serve(bound: socket.socket, agent: Agent | None) -> None:
    """Runs until a signal. Raises what ended the agent: the process then exits as failed."""
    server = web_server()
    stop = asyncio.Event()
    try:
        with on_stop(stop):
            async with asyncio.TaskGroup() as group:
                group.create_task(_serve_until(server, bound, stop), name="web")
                if (bridge := make_bridge()) is not None:
                    group.create_task(bridge.run(stop), name=bridge.name)
                if agent is not None:
                    group.create_task(agent.run(stop), name="agent")
    finally:  # whatever has ended it: what was asked of late is written
        await gateway.close()


async def _serve_until(server: WebServer, bound: socket.socket, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        stopping = group.create_task(_tell(server, stop), name="stop")
        try:
            await server.serve(sockets=[bound])
        except asyncio.CancelledError:  # the agent died: close what is open, then pass it on
            server.should_exit = True
            raise
        finally:
            stopping.cancel()
            stop.set()


async def _tell(server: WebServer, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True
