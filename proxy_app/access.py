"""Who may ask, before anything of a request is read."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from live_app.origin import is_same_origin
from proxy_app.core import api_keys
from proxy_app.core.buckets import Bucket
from proxy_app.core.errors import GatewayError
from proxy_app.holders import NOBODY, Holder, Holders

# Somebody stands between us and the client: what looks like this machine need not be.
_PROXIED: Final = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")


def check_host(headers: Mapping[bytes, bytes]) -> None:
    """Raises GatewayError 400: a page elsewhere may have a name that leads here."""
    domain, _ = split_domain_port(headers.get(b"host", b"").decode("latin-1"))
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        raise GatewayError(400, "bad_host", "This address is not one of LLAMADASH_ALLOWED_HOSTS.")


async def holder(scope: Any, headers: Mapping[bytes, bytes], known: Holders) -> Holder:
    """Raises GatewayError 401 or 403."""
    key = api_keys.given(dict(headers))
    if key is not None:
        return await known.of(key)
    if b"origin" in headers and not is_same_origin(scope):
        raise GatewayError(403, "other_site", "Pages of other sites may not ask without a key.")
    if settings.GATEWAY_OPEN == "loopback" and _is_here(scope, headers):
        return NOBODY
    raise GatewayError(401, "missing_api_key", "Give an API key: `Authorization: Bearer ld_…`.")


def _is_here(scope: Any, headers: Mapping[bytes, bytes]) -> bool:
    """A program on this machine, and no proxy that speaks for somebody else."""
    if settings.HTTPS or any(name in headers for name in _PROXIED):
        return False
    if headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
        return False
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


class Limits:
    """Requests and tokens a minute of each key. Belongs to one event loop."""

    def __init__(self) -> None:
        self._requests: dict[int, Bucket] = {}
        self._tokens: dict[int, Bucket] = {}

    def take_request(self, holder: Holder) -> None:
        """Raises GatewayError 429."""
        if holder.id is None:
            return
        now = time.monotonic()
        requests = _bucket(self._requests, holder.id, holder.requests_per_minute, now)
        tokens = _bucket(self._tokens, holder.id, holder.tokens_per_minute, now)
        if tokens is not None and (wait := tokens.wait_seconds(1, now)):
            raise _limited("token_limit", "The tokens a minute of this key are used up.", wait)
        if requests is not None:
            if wait := requests.wait_seconds(1, now):
                message = "The requests a minute of this key are used up."
                raise _limited("request_limit", message, wait)
            requests.take(1, now)

    def spend_tokens(self, holder: Holder, tokens: int) -> None:
        if holder.id is None:
            return
        now = time.monotonic()
        bucket = _bucket(self._tokens, holder.id, holder.tokens_per_minute, now)
        if bucket is not None:
            bucket.take(tokens, now)


def _bucket(
    buckets: dict[int, Bucket], key: int, per_minute: int | None, now: float
) -> Bucket | None:
    if per_minute is None:
        return None
    found = buckets.get(key)
    if found is None or found.per_minute != per_minute:
        found = buckets[key] = Bucket.full(per_minute, now)
    return found


def _limited(code: str, message: str, wait: int) -> GatewayError:
    return GatewayError(429, code, message, wait)
