"""Questions to a server of somebody else. Every answer is bounded in bytes and seconds.

The address that a name stands for is looked at when the connection is made, each time: what a name
meant when it was typed says nothing of what it means now. No redirect is followed, no proxy and no
password file of the environment is used, and certificates must be valid.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import orjson

from engine_app.core.server_address import Address, why_not_text
from engine_app.health import Reply

if TYPE_CHECKING:  # 20 MB and 0.3 seconds: only who has attached a server needs it
    import aiohttp

SECONDS: Final = 5.0
MOST_BYTES: Final = 4 << 20  # 2,000 models of a router take some 2 MiB
MOST_CONNECTIONS: Final = 8
# llama-server closes what was idle for five seconds.
KEPT_SECONDS: Final = 4.0
_PIECE: Final = 64 << 10


class Unreachable(Exception):
    """Nobody answers there; its text says why."""


class Wrong(Exception):
    """What answers there is none of ours to talk to; its text says why."""


class Client:
    """Of one server. Make it, use it and close it in one event loop."""

    def __init__(self, address: Address, key: str = "") -> None:
        import aiohttp

        self.address = address
        self._refused = ""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MOST_CONNECTIONS,
                keepalive_timeout=KEPT_SECONDS,
                use_dns_cache=False,
                socket_factory=self._socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_headers(key),
            skip_auto_headers=("User-Agent",),
            auto_decompress=False,  # it was told to send none that is compressed
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    def _socket(self, info: Any) -> socket.socket:
        """Made here, so that nothing is sent to an address that was not looked at."""
        family, kind, protocol, _, where = info
        if why := why_not_text(where[0]):
            self._refused = why
            raise OSError(why)
        return socket.socket(family, kind, protocol)

    # ------------------------------------------------------------ questions
    async def get(
        self, path: str, query: Mapping[str, str] | None = None, *, seconds: float = SECONDS
    ) -> Reply:
        """Raises Unreachable or Wrong."""
        return await self._ask("GET", path, seconds, params=query)

    async def post(self, path: str, body: object, *, seconds: float = SECONDS) -> Reply:
        """Raises Unreachable or Wrong."""
        headers = {"Content-Type": "application/json"}
        return await self._ask("POST", path, seconds, data=orjson.dumps(body), headers=headers)

    async def _ask(self, method: str, path: str, seconds: float, **more: Any) -> Reply:
        try:
            async with asyncio.timeout(seconds), self._answer(method, path, **more) as response:
                return Reply(response.status, await _body(response))
        except TimeoutError:
            raise Unreachable(f"It did not answer within {seconds:g} seconds.") from None

    @asynccontextmanager
    async def events(self, path: str, *, seconds: float = SECONDS) -> AsyncIterator[Feed]:
        """A stream that goes on for as long as both like. Raises Unreachable or Wrong."""
        try:
            async with asyncio.timeout(seconds) as patience, self._answer("GET", path) as response:
                patience.reschedule(None)
                yield Feed(response)
        except TimeoutError:
            raise Unreachable(f"It did not answer within {seconds:g} seconds.") from None

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, **more: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        import aiohttp

        self._refused = ""
        request = self._session.request(
            method, f"{self.address}{path}", allow_redirects=False, timeout=_no_limit(), **more
        )
        try:
            async with request as response:
                if 300 <= response.status < 400:
                    raise Wrong("It sends us to another address, and that is not followed.")
                yield response
        except aiohttp.ClientError as error:
            raise self._failure(error) from error
        except ValueError as error:  # of an answer's head
            raise Wrong("What it answers is not HTTP.") from error

    def _failure(self, error: aiohttp.ClientError) -> Exception:
        import aiohttp

        where = f"{self.address.host}, port {self.address.port}"
        if self._refused:
            return Wrong(self._refused)
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return Wrong(f"Its certificate is not to be trusted: {_cause(error)}.")
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return Unreachable(f"The name {self.address.host} is not known on this network.")
        if isinstance(error, aiohttp.ClientSSLError):
            return Wrong("It does not speak TLS as https needs it: try http.")
        if isinstance(error, aiohttp.ClientConnectorError):
            return Unreachable(f"No connection to {where}: {_cause(error)}.")
        if isinstance(error, aiohttp.ClientResponseError):
            return Wrong("What it answers is not HTTP.")
        return Unreachable("It closed the connection in the middle of an answer.")


class Feed:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def is_event_stream(self) -> bool:
        return self._response.content_type == "text/event-stream"

    async def pieces(self) -> AsyncIterator[bytes]:
        """As they come, 64 KiB at most."""
        while piece := await self._response.content.read(_PIECE):
            yield piece


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    if (response.content_length or 0) > MOST_BYTES:
        raise Wrong(_TOO_LONG)
    while piece := await response.content.read(_PIECE):
        body += piece
        if len(body) > MOST_BYTES:
            raise Wrong(_TOO_LONG)
    return bytes(body)


_TOO_LONG: Final = f"Its answer is longer than {MOST_BYTES >> 20} MiB."


def _headers(key: str) -> dict[str, str]:
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    return headers | ({"Authorization": f"Bearer {key}"} if key else {})


def _no_limit() -> aiohttp.ClientTimeout:
    """`asyncio.timeout` is around everything; a feed may be silent for hours."""
    import aiohttp

    return aiohttp.ClientTimeout(total=None)


def _cause(error: Exception) -> str:
    """What the system says, in its words: "Connection refused"."""
    inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner.verify_message or "it could not be verified"
    said = getattr(inner, "strerror", None) or str(inner)
    errno = getattr(inner, "errno", None)
    if isinstance(errno, int) and errno > 0 and not isinstance(inner, ssl.SSLError):
        said = os.strerror(errno)
    return said[:200]
