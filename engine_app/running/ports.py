"""Which port an engine gets."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable
from itertools import chain

from engine_app.health import HOST


class NoFreePort(Exception):
    """All of the range are taken."""

    def __init__(self, ports: range) -> None:
        super().__init__(
            f"All ports from {ports[0]} to {ports[-1]} are taken: "
            "give a wider LLAMADASH_PORT_RANGE."
        )


def free_port(ports: range, taken: Collection[int], preferred: Iterable[int] = ()) -> int:
    """The first one that nobody listens on. Another program may still be quicker than we are."""
    wanted: list[int] = [port for port in preferred if port in ports]
    for port in chain(wanted, ports):
        if port not in taken and _is_free(port):
            return port
    raise NoFreePort(ports)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # What a closed connection leaves behind for a minute keeps no engine from listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def n_free(ports: Iterable[int]) -> int:
    """On how many of them nobody listens."""
    return sum(map(_is_free, ports))
