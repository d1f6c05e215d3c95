"""The way to an engine: one pool of connections, each question asked twice at most."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from proxy_app.core.errors import GatewayError
from proxy_app.engines import Address

if TYPE_CHECKING:
    import aiohttp

HOST: Final = "127.0.0.1"
# llama-server closes what is idle for five seconds.
IDLE_SECONDS: Final = 4.0
CONNECT_SECONDS: Final = 2.0
# A connection that was closed while it lay in the pool fails at once.
STALE_SECONDS: Final = 0.25


class EngineGone(Exception):
    """Nobody listens where the engine was."""


class Upstream:
    """Belongs to one event loop. aiohttp is loaded with the first request."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self, address: Address, path: str, headers: Mapping[str, str], body: bytes, silence: float
    ) -> aiohttp.ClientResponse:
        """Raises EngineGone when nothing was asked, GatewayError when nothing was answered.

        `silence`: how many seconds may pass without a byte. An engine that computes may send some
        all the same: see patience.py.
        """
        import aiohttp

        url = f"http://{HOST}:{address.port}{path}"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silence)
        sent = {**headers, "Authorization": f"Bearer {address.key}"}
        for is_last in (False, True):
            began = time.monotonic()
            try:
                return await self._opened().post(
                    url, data=body, headers=sent, timeout=timeout, allow_redirects=False
                )
            except aiohttp.ClientConnectorError as error:
                raise EngineGone(str(error)) from error
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if is_last or time.monotonic() - began > STALE_SECONDS:
                    raise died() from error
            except TimeoutError as error:
                raise silent(silence) from error
            except aiohttp.ClientError as error:
                raise died() from error
        raise AssertionError("unreachable")

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
                trust_env=False,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def died() -> GatewayError:
    return GatewayError(502, "engine_died", "The engine ended while it answered this request.")


def silent(seconds: float) -> GatewayError:
    message = f"The engine sent nothing for {seconds:.0f} seconds and was given up."
    return GatewayError(504, "engine_silent", message)
