"""The ASGI application: static files, lists that are known already, Django for the rest; and the
one WebSocket.

Starts nothing: loops run in the agent only.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llamadash.settings")

import django
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from django.apps import apps

# Only in a process that has not done it: `serve` has, and a second time would configure logging
# anew, which closes what was added since, the handler of this program's own log.
if not apps.ready:
    django.setup(set_prefix=False)

from django.core.handlers.asgi import ASGIHandler

from live_app.consumers import PATH, live_socket
from llamadash.assets import Assets
from llamadash.known_lists import KnownLists
from llamadash.worker_threads import WorkerThreads
from proxy_app.before_django import BeforeDjango

_django = WorkerThreads(ASGIHandler())
_http = Assets(BeforeDjango(KnownLists(_django)))


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    if scope["type"] == "http":
        await _http(scope, receive, send)
    elif scope["type"] == "websocket" and scope["path"] == PATH:
        await live_socket(scope, receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4404, "reason": "no such socket"})
