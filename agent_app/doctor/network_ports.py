from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Final

from django.conf import settings

from agent_app.doctor.finding import Finding, fail, note, ok
from engine_app.running.ports import n_free

FEW: Final = 8
ANSWER_SECONDS: Final = 3.0
MOST_BYTES: Final = 4096


def check_range() -> Iterator[Finding]:
    ports: range = settings.PORT_RANGE
    free = n_free(ports)
    words = f"{free} of {len(ports)} from {ports[0]} to {ports[-1]} are free"
    advice = "Give a wider LLAMADASH_PORT_RANGE, or end what listens there."
    if not free:
        yield fail("engine ports", f"{words}: no engine can be started.", advice)
    elif free < FEW and free < len(ports):
        yield note("engine ports", f"{words}.", advice)
    else:
        yield ok("engine ports", words)


def check_web(port: int) -> Iterator[Finding]:
    if n_free([port]):
        yield ok("web port", f"{port} is free on this machine")
    elif _is_ours(port):
        yield ok("web port", f"llamadash answers on {port}")
    else:
        words = f"Another program listens on {port}."
        yield note("web port", words, "End it, or start with --port of your choice.")


def _is_ours(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        told = json.loads(connection.getresponse().read(MOST_BYTES))
        return isinstance(told, dict) and {"ready", "checks"} <= told.keys()
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
