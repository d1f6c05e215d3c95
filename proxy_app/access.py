"""Who may ask, before anything of a request is read."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any, Final

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from live_app.origin import is_same_origin
from proxy_app.core import api_keys
from proxy_app.core.buckets import Bucket
from proxy_app.core.errors import GatewayError
from proxy_app.holders import NOBODY, Holder, Holders, month_of
from proxy_app.session_access import Sessions, speaks_for_a_login

# Somebody stands between us and the client: what looks like this machine need not be.
_PROXIED: Final = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")


def check_host(headers: Mapping[bytes, bytes]) -> None:
    """Raises GatewayError 400: a page elsewhere may have a name that leads here."""
    domain, _ = split_domain_port(headers.get(b"host", b"").decode("latin-1"))
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        raise GatewayError(400, "bad_host", "This address is not one of LLAMADASH_ALLOWED_HOSTS.")


async def holder(
    scope: Any, headers: Mapping[bytes, bytes], known: Holders, sessions: Sessions
) -> Holder:
    """Raises GatewayError 401, 403 or 503."""
    key = api_keys.given(dict(headers))
    # Many programs cannot be without a key and send some word: where none is needed it is no harm.
    if key is not None and (key.startswith(api_keys.PREFIX) or not _is_open(scope, headers)):
        return await known.of(key)
    if speaks_for_a_login(headers):
        return await sessions.of(scope, headers)
    if _is_of_another_site(scope, headers):
        raise GatewayError(403, "other_site", "Pages of other sites may not ask without a key.")
    if _is_open(scope, headers):
        return NOBODY
    raise GatewayError(401, "missing_api_key", "Give an API key: `Authorization: Bearer ld_…`.")


def _is_of_another_site(scope: Any, headers: Mapping[bytes, bytes]) -> bool:
    return b"origin" in headers and not is_same_origin(scope)


def _is_open(scope: Any, headers: Mapping[bytes, bytes]) -> bool:
    """Whether nobody needs a key."""
    is_near = settings.GATEWAY_OPEN == "loopback" and _is_here(scope, headers)
    return is_near and not _is_of_another_site(scope, headers)


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
        self._months: dict[int, tuple[date, int]] = {}  # tokens, with those not written yet

    def take_request(self, holder: Holder) -> None:
        """Raises GatewayError 429."""
        if holder.id is None:
            return
        quota = holder.tokens_per_month
        if quota is not None and self._this_month(holder) >= quota:
            message = "The tokens a month of this key are used up."
            raise _limited("month_used_up", message, _seconds_to_next_month())
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

    def _this_month(self, holder: Holder) -> int:
        """What the table says, or what was counted here since, if that is more."""
        month, here = self._months.get(holder.id or 0, (None, 0))
        return max(holder.tokens_this_month, here if month == month_of(timezone.now()) else 0)

    def spend_tokens(self, holder: Holder, tokens: int) -> None:
        if holder.id is None:
            return
        if holder.tokens_per_month is not None:
            self._months[holder.id] = (
                month_of(timezone.now()), self._this_month(holder) + tokens
            )  # fmt: skip
        now = time.monotonic()
        bucket = _bucket(self._tokens, holder.id, holder.tokens_per_minute, now)
        if bucket is not None:
            bucket.take(tokens, now)


def _seconds_to_next_month() -> int:
    now = timezone.now().astimezone(UTC)
    first = (now.replace(day=1) + timedelta(days=32)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    return int((first - now).total_seconds()) + 1


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
