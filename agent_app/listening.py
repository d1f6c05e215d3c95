"""Where the server may listen: loopback freely, anywhere else only on purpose."""

from __future__ import annotations

import ipaddress
import socket


class ListenError(Exception):
    """Why the address cannot be used and what to do, in one line."""


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(
    host: str, *, https: bool, insecure_lan: bool, has_admin: bool, debug: bool
) -> None:
    """Raises ListenError when listening on `host` would expose an unprotected program."""
    if is_loopback(host):
        return
    if debug:
        raise ListenError(
            f"{host} can be reached by others and LLAMADASH_DEBUG=1 shows code and settings: "
            "listen on 127.0.0.1, or leave LLAMADASH_DEBUG out."
        )
    if not has_admin:
        raise ListenError(
            f"{host} can be reached by others and there is no admin account yet: "
            "start on 127.0.0.1 first and create it."
        )
    if not (https or insecure_lan):
        raise ListenError(
            f"{host} can be reached by others: put TLS in front and set LLAMADASH_HTTPS=1, "
            "or accept readable passwords in your network with --insecure-lan."
        )


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket; port 0 takes a free one."""
    if not 0 <= port <= 65535:
        raise ListenError(f"--port {port} is not allowed: give a whole number from 0 to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family, backlog=2048)
    except socket.gaierror:
        raise ListenError(f"--host {host}: there is no machine of this name.") from None
    except OSError as error:
        raise ListenError(
            f"cannot listen on {host}:{port} ({error.strerror}): give another --port."
        ) from error


def bracketed(host: str) -> str:
    """An IPv6 address as addresses and Host headers have it."""
    return f"[{host}]" if ":" in host and host[0] != "[" else host
