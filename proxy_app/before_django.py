"""The way to the gateway, which leads past Django."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

HTTPApplication = Callable[[HTTPScope, ASGIReceiveCallable, ASGISendCallable], Awaitable[None]]


class BeforeDjango:
    """Answers the gateway's paths; hands everything else on."""

    def __init__(self, application: HTTPApplication) -> None:
        self._application = application

    async def __call__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        # The rows that it needs are not there yet when this module is loaded.
        from proxy_app.dialects import table
        from proxy_app.gateway import gateway

        if not table.is_ours(scope["path"]) or _is_a_page(scope):
            await self._application(scope, receive, send)
            return
        await gateway().answer(scope, receive, send)


def _is_a_page(scope: HTTPScope) -> bool:
    """A person who types /models or /logs means the page, which Django redirects to."""
    if scope["path"] not in ("/models", "/logs"):
        return False
    accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return b"text/html" in accepted
