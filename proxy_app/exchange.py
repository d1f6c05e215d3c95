"""One request to the gateway, from its first header to the last byte of its answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import orjson
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

from proxy_app import access, body, loading_text, naming
from proxy_app.body import ClientGone
from proxy_app.capturing import OFF, Kept
from proxy_app.catalogue import Entry
from proxy_app.core import body_checks, errors, head, rewrites, routes
from proxy_app.core.errors import GatewayError
from proxy_app.core.rewrites import Rewrite
from proxy_app.core.routes import Dialect, Route
from proxy_app.dialects import table
from proxy_app.dialects.call import Call, Said
from proxy_app.engines import Address, Engines
from proxy_app.forwarding import Question, forward
from proxy_app.holders import NOBODY, Holder
from proxy_app.line import Line, Ticket
from proxy_app.recording import Account
from proxy_app.routing import Rules
from proxy_app.upstream import EngineGone

if TYPE_CHECKING:
    from proxy_app.gateway import Gateway

# An engine that was stopped between the look and the question: so often another place is sought.
TRIES: Final = 3
MOST_FIELDS: Final = 50  # of a query
MOST_REFUSAL_BYTES: Final = 64 << 10
# Prompts are hashed on the event loop: longer ones would hold it up noticeably.
MOST_HASHED_BYTES: Final = 2 << 20
CONVERSING: Final = ("chat", "message", "response")
CANCELLED: Final = "This request was cancelled by an administrator."
VALUES_SECONDS: Final = 2.0
MOST_QUESTION_BYTES: Final = 64 << 10  # of one that is answered here
JSON: Final = (b"content-type", b"application/json; charset=utf-8")
TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")


class Exchange:
    """Also the answer's way out: what was sent, and whether it has begun."""

    def __init__(
        self,
        gateway: Gateway,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        account: Account,
    ) -> None:
        self._gateway = gateway
        self._scope = scope
        self._receive = receive
        self._send = send
        self.account = account
        self.dialect: Dialect = routes.dialect_of(scope["path"])
        self.is_stream = False
        self.has_begun = False
        self._values = gateway.values.soon(VALUES_SECONDS)
        self._tasks: list[asyncio.Future[Any]] = []  # at work for it, the innermost last
        self._is_cancelled = False
        # Of the engine, although our answer has begun already.
        self._refusal: _Refusal | None = None

    @property
    def line(self) -> Line:
        return self._gateway.line

    @property
    def engines(self) -> Engines:
        return self._gateway.engines

    # ------------------------------------------------------------ from beginning to end
    async def run(self) -> None:
        task = asyncio.current_task()
        self._tasks = [] if task is None else [task]
        try:
            await self._run()
        except GatewayError as error:
            await self._fail(error)
        except asyncio.CancelledError:
            if not self._is_cancelled:
                raise
            if task is not None:
                task.uncancel()
            await self._fail(GatewayError(403, "cancelled", CANCELLED))
        except ClientGone:
            self._note_gone()
        except Exception:
            message = "The gateway has made a mistake: see its log."
            await self._fail(GatewayError(500, "internal", message))
            raise

    @property
    def is_cancelled(self) -> bool:
        return self._is_cancelled

    def cancel(self) -> None:
        """By an administrator; on the loop's thread. The client is told so."""
        if not self._is_cancelled and self._tasks:
            self._is_cancelled = True
            self._tasks[-1].cancel()

    async def _run(self) -> None:
        scope = self._scope
        head.check_target(scope["path"], scope.get("raw_path") or scope["path"].encode())
        headers = head.checked(scope["headers"])
        access.check_host(headers)
        gateway = self._gateway
        if scope["path"] in table.OPEN:
            holder = NOBODY
        else:
            holder = await access.holder(scope, headers, gateway.holders, gateway.sessions)
        self.account.key_id, self.account.key_name = holder.id, holder.name
        self.account.user_id = holder.user_id
        route = routes.FORWARDED.get(scope["path"])
        if route is None:
            await self._answer_here(holder, headers)
        elif scope["method"] != "POST":
            raise _wrong_method("POST")
        else:
            await self._forward(route, holder, headers)

    async def _fail(self, error: GatewayError) -> None:
        self.account.status = self.account.status or error.status
        self.account.error_code, self.account.error = error.code, error.message
        if not self.has_begun:
            headers = [JSON]
            if error.retry_after is not None:
                headers.append((b"retry-after", str(error.retry_after).encode()))
            if error.status == 401:
                headers.append((b"www-authenticate", b'Bearer realm="llamadash"'))
            await self.answer(error.status, headers, errors.body(error, self.dialect))
        elif self.is_stream:
            await self.send_piece(errors.event(error, self.dialect))
            await self.finish()
        else:
            # A body that stays incomplete is the only way left to say that it is.
            raise error

    def _note_gone(self) -> None:
        self.account.status = 499
        self.account.error_code = "client_gone"

    # ------------------------------------------------------------ answered here
    async def _answer_here(self, holder: Holder, headers: Mapping[bytes, bytes]) -> None:
        method, path = self._scope["method"], self._scope["path"]
        found = table.handled(method, path)
        if found is None:
            other = "GET" if method == "POST" else "POST"
            if table.handled(other, path) is not None:
                raise _wrong_method(other)
            raise GatewayError(404, "not_found", "There is no such path.")
        handled, rest = found
        if method == "HEAD" and handled.scope == "operate":
            raise _wrong_method("GET")
        self.dialect = self.account.dialect = handled.dialect
        if not _may(holder, handled.scope):
            raise _not_allowed()
        said = {}
        if method == "POST":
            given = await body.read(self._receive, headers, MOST_QUESTION_BYTES)
            said = body_checks.parsed(given) if given.strip() else {}
        call = Call(
            self._gateway,
            holder,
            _query(self._scope["query_string"]),
            said,
            rest,
            b"text/plain" in headers.get(b"accept", b""),
        )
        await self._say(await handled.handler(call))

    async def _say(self, said: Said) -> None:
        if said.events is not None:
            await self._while_client_waits(self._send_events(said.events, said.events_type))
        elif said.text is not None:
            await self.answer(said.status, [TEXT], said.text.encode())
        else:
            await self.answer(said.status, [JSON], orjson.dumps(said.json))

    async def _send_events(self, events: AsyncIterator[bytes], kind: bytes) -> None:
        self.is_stream = True
        await self.begin(200, [(b"content-type", kind), (b"x-accel-buffering", b"no")])
        if self._scope["method"] == "HEAD":
            await self.finish()
            return
        async for event in events:
            await self.send_piece(event)
        await self.finish()

    # ------------------------------------------------------------ to an engine
    async def _forward(self, route: Route, holder: Holder, headers: Mapping[bytes, bytes]) -> None:
        if not _may(holder, "infer"):
            raise _not_allowed()
        given = await body.read(self._receive, headers, self._values.most_body_bytes)
        self.account.request_bytes = len(given)
        said = body_checks.parsed(given)
        body_checks.check(said)
        rules = await self._gateway.routing.rules()
        entry = await self._entry(body_checks.model_name(said), holder, rules)
        if _loads_nothing(self._scope["query_string"]):
            await self._check_loaded(entry)
        self._gateway.limits.take_request(holder)
        self._note_asked(holder, entry, route, said)
        rewrite = rules.rewrites.get(entry.model_id)
        if route.dialect != "ollama":  # whose words are translated first
            given, said = _as_its_owner_wants(given, said, route, rewrite)
        # Ollama streams unless it is asked not to.
        wants_stream = said.get("stream", route.dialect == "ollama")
        self.is_stream = self.account.is_stream = wants_stream is True
        silence = self._values.silence_seconds
        question = Question(self._gateway.upstream, route, given, said, headers, silence, rewrite)
        await self._while_client_waits(self._serve(holder, entry, question))

    async def _entry(self, name: str, holder: Holder, rules: Rules) -> Entry:
        self.account.model_name = name
        entry = await naming.entry_of(self._gateway, name, holder, rules)
        self.account.model_id = entry.model_id
        return entry

    async def _check_loaded(self, entry: Entry) -> None:
        """For clients of llama.cpp's router that want no model to be loaded for them."""
        await self.engines.be_fresh()
        seen = self.engines.seen.get(entry.target)
        if seen is None or seen.state not in ("ready", "starting"):
            raise GatewayError(400, "model_not_loaded", "model is not loaded")

    def _note_asked(self, holder: Holder, entry: Entry, route: Route, said: dict[str, Any]) -> None:
        """What is kept of the question itself: where its prompt left the one before, and, if so
        much is wanted, its words."""
        whose = (holder.line_key, entry.target)
        shared = None
        if route.shape in CONVERSING and self.account.request_bytes <= MOST_HASHED_BYTES:
            shared = self._gateway.conversations.note(whose, said)
        if shared is not None:
            self.account.shared_messages = shared.messages
            self.account.left_at_message = shared.left_at
        policy = holder.capture or self._values.capture
        if policy != OFF:
            self.account.kept = Kept(policy, said, self._values.capture_bytes)

    async def _while_client_waits(self, work: Any) -> None:
        """Ends the work as soon as nobody waits for it."""
        working = asyncio.ensure_future(work)
        self._tasks.append(working)
        leaving = asyncio.ensure_future(self._until_gone())
        try:
            await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                working.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await working
                raise ClientGone
            working.result()
        finally:
            for task in (working, leaving):
                task.cancel()

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _serve(
        self,
        holder: Holder,
        entry: Entry,
        question: Question,
    ) -> None:
        line = self._gateway.line
        for left in reversed(range(TRIES)):
            ticket, address = await self._place(holder, entry, question.route)
            self.account.served_at = time.monotonic()
            self.account.engine_id = address.engine_id
            try:
                await forward(self, question, address)
                return
            except EngineGone as gone:
                line.lost(entry.target)
                if not left:
                    message = "The engine has ended; try again."
                    raise GatewayError(503, "engine_gone", message, 1) from gone
            finally:
                line.leave(ticket)
                self._gateway.limits.spend_tokens(holder, self.account.tokens)

    async def _place(self, holder: Holder, entry: Entry, route: Route) -> tuple[Ticket, Address]:
        placing = self.line.place(holder, entry)
        if not self.is_stream or route.dialect == "ollama" or route.shape == "plain":
            return await placing
        tells = self._values.loading_text and route.shape == "chat"
        return await loading_text.while_waiting(self, placing, entry, tells=tells)

    # ------------------------------------------------------------ the way out
    async def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        if self.has_begun:  # while its model was waited for
            if status != 200:
                self._refusal = _Refusal(status)
            return
        self.has_begun = True
        self.account.status = status
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, *self._own_headers()],
                "trailers": False,
            }
        )

    def _own_headers(self) -> list[tuple[bytes, bytes]]:
        account = self.account
        found = [
            (b"x-llamadash-request-id", account.public_id.encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if account.engine_id is not None and account.served_at is not None:
            waited = round((account.served_at - account.arrived_at) * 1000)
            found.append((b"x-llamadash-model", _header(account.model_name)))
            found.append((b"x-llamadash-engine", str(account.engine_id).encode()))
            found.append((b"x-llamadash-queue-ms", str(waited).encode()))
        return found

    async def send_aside(self, piece: bytes) -> None:
        """Of ours, before the engine has said anything."""
        self.account.response_bytes += len(piece)
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def send_piece(self, piece: bytes) -> None:
        account = self.account
        if self._refusal is not None:
            self._refusal.add(piece)
            return
        if self.is_stream:
            account.n_events += (
                piece.count(b"\n") if account.dialect == "ollama" else _events(piece)
            )
        if account.kept is not None:
            account.kept.add(piece)
        if account.first_byte_at is None:
            account.first_byte_at = time.monotonic()
        account.response_bytes += len(piece)
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def finish(self, piece: bytes = b"") -> None:
        if self._refusal is not None:
            refusal, self._refusal = self._refusal, None
            refusal.add(piece)
            raise refusal.error()
        if piece and self.account.first_byte_at is None:
            self.account.first_byte_at = time.monotonic()
        if self.account.kept is not None:
            self.account.kept.add(piece)
        self.account.response_bytes += len(piece)
        await self._send({"type": "http.response.body", "body": piece, "more_body": False})

    async def answer(self, status: int, headers: list[tuple[bytes, bytes]], whole: bytes) -> None:
        length = (b"content-length", str(len(whole)).encode())
        await self.begin(status, [*headers, length])
        await self.finish(b"" if self._scope["method"] == "HEAD" else whole)


class _Refusal:
    """An engine's error that has to be told within a stream."""

    def __init__(self, status: int) -> None:
        self._status = status
        self._body = bytearray()

    def add(self, piece: bytes) -> None:
        self._body += piece[: max(0, MOST_REFUSAL_BYTES - len(self._body))]

    def error(self) -> GatewayError:
        message = ""
        with contextlib.suppress(orjson.JSONDecodeError):
            said = orjson.loads(self._body)
            error = said.get("error") if isinstance(said, dict) else None
            message = str(error.get("message", "")) if isinstance(error, dict) else ""
        words = message[:2000] or f"The engine answered {self._status}."
        return GatewayError(self._status, "engine", words)


def _events(piece: bytes) -> int:
    return piece.count(b"\ndata:") + piece.startswith(b"data:")


def _loads_nothing(query: bytes) -> bool:
    if b"autoload=" not in query:
        return False
    return _query(query).get("autoload", "").lower() in ("false", "0")


def _query(raw: bytes) -> dict[str, str]:
    """Raises GatewayError 400."""
    try:
        return dict(parse_qsl(raw.decode("latin-1"), max_num_fields=MOST_FIELDS))
    except ValueError as error:
        message = f"The query has more than {MOST_FIELDS} fields."
        raise GatewayError(400, "bad_request", message) from error


def _as_its_owner_wants(
    given: bytes, said: dict[str, Any], route: Route, rewrite: Rewrite | None
) -> tuple[bytes, dict[str, Any]]:
    """The bytes as they came, unless the owner of the model changes something in them."""
    if rewrite is None or rewrite.is_empty:
        return given, said
    changed = rewrites.rewritten(said, route.shape, rewrite)
    return orjson.dumps(changed), changed


def _header(text: str) -> bytes:
    return text.encode("ascii", "replace").replace(b"\r", b"?").replace(b"\n", b"?")[:200]


def _may(holder: Holder, scope: str) -> bool:
    """An admin may operate, who may operate may read; generating is apart."""
    above = {"read": {"read", "operate", "admin"}, "operate": {"operate", "admin"}}
    return not scope or bool(holder.scopes & above.get(scope, {scope}))


def _wrong_method(right: str) -> GatewayError:
    return GatewayError(405, "method_not_allowed", f"This path takes {right}.")


def _not_allowed() -> GatewayError:
    return GatewayError(403, "not_allowed", "This key may not do that.")
