"""A question that the gateway answers itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from proxy_app.catalogue import Entry
from proxy_app.core.errors import GatewayError
from proxy_app.core.routes import Dialect
from proxy_app.holders import Holder

if TYPE_CHECKING:
    from proxy_app.gateway import Gateway

EVENTS: Final = b"text/event-stream"
TEXT: Final = b"text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Call:
    gateway: Gateway
    holder: Holder
    query: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)
    rest: str = ""  # of a path that ends in a model's id
    accepts_text: bool = False

    async def entry(self, name: object, error: GatewayError | None = None) -> Entry:
        """Raises GatewayError 404, or the one given, unless the holder may use such a model."""
        found = None
        if isinstance(name, str) and name:
            found = await self.gateway.catalogue.find(name)
        if found is None or not self.holder.may_use(found.model_id):
            raise error or GatewayError(404, "model_not_found", f"There is no model {name!r}.")
        return found


@dataclass(frozen=True, slots=True)
class Said:
    """JSON, a text, or a stream, which is of events unless its type says otherwise."""

    json: Any = None
    text: str | None = None
    events: AsyncIterator[bytes] | None = None
    events_type: bytes = EVENTS
    status: int = 200


Handler = Callable[[Call], Awaitable[Said]]


@dataclass(frozen=True, slots=True)
class Handled:
    """`scope` is what a key needs for it; empty: any key will do."""

    handler: Handler
    scope: str
    dialect: Dialect
