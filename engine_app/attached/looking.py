"""One look at a server: what it is, and what its models do."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from engine_app.attached.client import Client, Unreachable, Wrong
from engine_app.core import server_answers as answers
from engine_app.core.server_answers import FoundModel, Offer, Props
from engine_app.health import Reply
from engine_app.models.attached import Role, ServerState

logger = logging.getLogger(__name__)
# A single server answers /props in 5 ms of its own time while it generates: not with every look.
PROPS_SECONDS: Final = 10.0
ROUTER_SECONDS: Final = 60.0  # at the address of a router a single server may be started
# Longer answers are read in a thread: a megabyte takes the event loop 10 ms.
READ_APART_BYTES: Final = 64 << 10

REFUSED: Final = "It wants a key, and the one it was given is not right."
NO_KEY: Final = "It wants a key."
NOT_ONE: Final = "It answers, but not as a llama-server does."
OUR_BUILD: Final = "llamadash-"  # what our gateway says for one: it speaks as a router does
OURS: Final = (
    "It is a llamadash, maybe this very one, and only passes requests on: attach the llama-server "
    "itself."
)
LOADS: Final = "It loads its model."


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look gave. `models` is null where they are not known."""

    state: ServerState
    reason: str = ""
    role: Role = Role.UNKNOWN
    build: str = ""
    most_loaded: int | None = None
    loads_by_itself: bool | None = None
    n_slots: int | None = None
    models: tuple[FoundModel, ...] | None = None
    n_left_out: int = 0

    @property
    def is_reachable(self) -> bool:
        return self.state == ServerState.REACHABLE

    @property
    def n_in_memory(self) -> int:
        return sum(each.state in (answers.LOADED, answers.SLEEPING) for each in self.models or ())


@dataclass(slots=True)
class Looker:
    """Remembers what need not be asked each time."""

    client: Client
    has_key: bool = False
    _props: Props | None = None
    _props_at: float = 0.0
    _offer: Offer | None = None
    _offer_of: bytes = b""  # hash of the answer it was made of
    _progress: dict[str, float] = field(default_factory=dict)

    def progress(self, model_id: str, value: float) -> None:
        """From the feed: the list does not tell it."""
        if len(self._progress) < answers.MOST_MODELS:
            self._progress[model_id] = value

    async def look(self) -> Seen:
        """Whatever the server does: it never raises."""
        try:
            return await self._look()
        except Unreachable as why:
            self._forget()
            return Seen(ServerState.UNREACHABLE, str(why))
        except Wrong as why:
            self._forget()
            return Seen(ServerState.WRONG, str(why))
        except Exception:
            # One strange server must not end the agent and with it the watch over all others.
            logger.exception("%s: its answer could not be read", self.client.address)
            self._forget()
            return Seen(ServerState.WRONG, NOT_ONE)

    def _forget(self) -> None:
        self._props = None
        self._offer = None
        self._offer_of = b""
        self._progress.clear()

    async def _look(self) -> Seen:
        props, age = self._props, time.monotonic() - self._props_at
        if props is not None and props.role == answers.ROUTER and age < ROUTER_SECONDS:
            return await self._router(props)
        if props is not None and props.role == answers.SINGLE and age < PROPS_SECONDS:
            return await self._still_single(props)
        return await self._look_anew()

    async def _still_single(self, props: Props) -> Seen:
        if (await self.client.get("/health")).is_loading:
            self._forget()
            return self._loading()
        return self._single(props)

    async def _look_anew(self) -> Seen:
        reply = await self.client.get("/props")
        if (trouble := self._trouble(reply)) is not None:
            return trouble
        props = answers.read_props(reply.json())
        if props is None:
            raise Wrong(NOT_ONE)
        if props.build.startswith(OUR_BUILD):
            raise Wrong(OURS)
        self._props, self._props_at = props, time.monotonic()
        if props.role == answers.ROUTER:
            return await self._router(props)
        self._offer = await self._models("/v1/models")
        return self._single(props)

    def _trouble(self, reply: Reply) -> Seen | None:
        if reply.status in (401, 403):
            self._forget()
            return Seen(ServerState.REFUSED, REFUSED if self.has_key else NO_KEY)
        if reply.is_loading:
            self._forget()
            return self._loading()
        if not reply.is_ok:
            raise Wrong(f"{NOT_ONE[:-1]}: /props gives the status {reply.status}.")
        return None

    def _loading(self) -> Seen:
        """A single server says nothing else meanwhile; a router is never busy so."""
        return Seen(ServerState.REACHABLE, LOADS, Role.SINGLE)

    def _single(self, props: Props) -> Seen:
        offer = self._offer or Offer(())
        return Seen(
            ServerState.REACHABLE,
            role=Role.SINGLE,
            build=props.build,
            n_slots=props.n_slots,
            models=(answers.single_model(props, offer),),
        )

    async def _router(self, props: Props) -> Seen:
        offer = await self._models("/models")
        if offer is None:
            self._forget()
            return Seen(ServerState.REFUSED, REFUSED if self.has_key else NO_KEY)
        return Seen(
            ServerState.REACHABLE,
            role=Role.ROUTER,
            build=props.build,
            most_loaded=props.most_loaded,
            loads_by_itself=props.loads_by_itself,
            models=tuple(map(self._with_progress, offer.models)),
            n_left_out=offer.n_left_out,
        )

    def _with_progress(self, model: FoundModel) -> FoundModel:
        if model.state != answers.LOADING:
            self._progress.pop(model.model_id, None)
            return model
        told = self._progress.get(model.model_id)
        return model if told is None else replace(model, progress=round(told, 2))

    async def _models(self, path: str) -> Offer | None:
        """None when the key is refused. Raises Wrong."""
        reply = await self.client.get(path)
        if reply.status in (401, 403):
            return None
        digest = hashlib.blake2b(reply.body, digest_size=16).digest()
        if reply.is_ok and digest == self._offer_of and self._offer is not None:
            return self._offer
        parsed = await _parsed(reply.body) if reply.is_ok else None
        if parsed is None:
            raise Wrong(f"{NOT_ONE[:-1]}: {path} is no list of models.")
        self._offer, self._offer_of = parsed, digest
        return parsed


async def _parsed(body: bytes) -> Offer | None:
    if len(body) < READ_APART_BYTES:
        return _read(body)
    return await asyncio.to_thread(_read, body)


def _read(body: bytes) -> Offer | None:
    try:
        answer: Any = orjson.loads(body)
    except ValueError:
        return None
    return answers.read_models(answer)
