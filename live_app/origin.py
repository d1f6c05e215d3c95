"""Whether a socket was opened by a page of this very site: scheme, host and port."""

from __future__ import annotations

import re
from typing import Any, Final

from django.conf import settings
from django.http.request import split_domain_port, validate_host

_ORIGIN: Final = re.compile(r"(https?)://([^/?#@\s]+)", re.ASCII)
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}

Address = tuple[str, str, str]


def is_same_origin(scope: Any) -> bool:
    origin, host = _header(scope, b"origin"), _header(scope, b"host")
    if origin is None or host is None:
        return False
    given = _ORIGIN.fullmatch(origin)
    if given is None:  # "null", a file, an extension
        return False
    asked = _address("https" if settings.HTTPS else "http", host)
    return (
        asked is not None
        and validate_host(asked[1], settings.ALLOWED_HOSTS)
        and _address(given[1], given[2]) == asked
    )


def _header(scope: Any, name: bytes) -> str | None:
    """None also when it is there twice: which of them counts?"""
    values = [value for key, value in scope["headers"] if key.lower() == name]
    return str(values[0].decode("latin-1")) if len(values) == 1 else None


def _address(scheme: str, host: str) -> Address | None:
    domain, port = split_domain_port(host)
    if not domain:
        return None
    return scheme, domain, port or _DEFAULT_PORTS[scheme]
