"""Under which addresses browsers reach this server."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

import psutil
from django.http.request import validate_host

from agent_app.listening import bracketed

ANY = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on


def own_names(node: str) -> list[str]:
    """What other machines may call this one: its names, then its addresses, IPv6 in brackets."""
    names = dict.fromkeys((node, socket.gethostname(), f"{node.partition('.')[0]}.local"))
    return [*names, *own_addresses(socket.AF_INET), *own_addresses(socket.AF_INET6)]


def own_addresses(family: socket.AddressFamily) -> list[str]:
    """Without loopback and without link-local IPv6, which no browser takes without its zone."""
    found = [
        each.address
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family == family and "%" not in each.address
    ]
    usable = [each for each in found if not ipaddress.ip_address(each).is_loopback]
    return [bracketed(each) for each in dict.fromkeys(usable)]


def addresses(host: str, port: int, allowed: Sequence[str], names: Sequence[str] = ()) -> list[str]:
    """Where a browser gets an answer of a server that listens on `host`: the best first.

    `allowed` are the patterns of ALLOWED_HOSTS, `names` what the operator calls this machine.
    """
    if host not in ANY:
        candidates = [host]
    else:
        six = host == "::"
        family = socket.AF_INET6 if six else socket.AF_INET
        candidates = [*own_addresses(family), "[::1]" if six else "127.0.0.1"]
    hosts = [bracketed(each) for each in dict.fromkeys((*candidates, *names))]
    good = [each for each in hosts if validate_host(each, allowed)]
    return [f"http://{each}:{port}" for each in good or hosts]


def https_address(allowed: Sequence[str]) -> str:
    """Where TLS in front is reached: on its usual port, under the first allowed name."""
    return f"https://{next(iter(names(allowed)), 'localhost')}"


def names(allowed: Sequence[str]) -> list[str]:
    """Patterns (`*`, `.example.org`) are no names."""
    return [each for each in allowed if each[0] not in "*."]
