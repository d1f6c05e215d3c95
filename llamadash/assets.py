"""Static files before Django: WhiteNoise finds the file and its headers, this hands it out.

WhiteNoise's own middleware would send each file through the whole middleware chain and a thread,
and answers with a synchronous iterator, which Django's ASGI handler warns about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings
from whitenoise import WhiteNoise
from whitenoise.responders import StaticFile

HTTPApplication = Callable[[HTTPScope, ASGIReceiveCallable, ASGISendCallable], Awaitable[None]]

PREFIX: Final = "/static/"
CHUNK_BYTES: Final = 256 << 10
YEAR: Final = 365 * 24 * 3600


def _never_called(environ: Any, start_response: Any) -> list[bytes]:
    raise AssertionError("WhiteNoise is asked for files only")


def _hashed(path: str, url: str) -> bool:
    """Names that hold the content's hash never change their content."""
    parts = Path(path).name.split(".")
    return len(parts) >= 3 and len(parts[-2]) == 12 and parts[-2].isalnum()


class Assets:
    """Answers GET and HEAD below /static/; hands everything else on."""

    def __init__(self, application: HTTPApplication) -> None:
        self._application = application
        self._files: dict[str, StaticFile] | None = None

    async def __call__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        found = None
        if scope["path"].startswith(PREFIX) and scope["method"] in ("GET", "HEAD"):
            found = self._known_files().get(scope["path"])
        if found is None:
            await self._application(scope, receive, send)
            return
        environ = {
            "HTTP_" + name.decode("latin-1").upper().replace("-", "_"): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        response = found.get_response(scope["method"], environ)
        headers = [(k.lower().encode(), v.encode()) for k, v in response.headers]
        headers.append((b"x-content-type-options", b"nosniff"))
        await send(
            {
                "type": "http.response.start",
                "status": int(response.status),
                "headers": headers,
                "trailers": False,
            }
        )
        await _send_body(response.file, send)

    def _known_files(self) -> dict[str, StaticFile]:
        if self._files is None:
            noise = WhiteNoise(_never_called, max_age=60, immutable_file_test=_hashed)
            if Path(settings.STATIC_ROOT).is_dir():
                noise.add_files(str(settings.STATIC_ROOT), prefix=PREFIX)
            self._files = noise.files
        return self._files


async def _send_body(file: Any, send: ASGISendCallable) -> None:
    if file is None:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        file.close()
