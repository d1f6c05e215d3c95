"""Asks an engine, and hands on what it answers, byte for byte."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from proxy_app.core import body_checks, head, media, ollama_chat, ollama_embed, sse
from proxy_app.core.answers import Spent
from proxy_app.core.assembly import AssemblyError, assembly
from proxy_app.core.errors import GatewayError
from proxy_app.core.rewrites import Rewrite, rewritten
from proxy_app.core.routes import Route
from proxy_app.engines import Address
from proxy_app.patience import Patience
from proxy_app.upstream import Upstream, died, silent

if TYPE_CHECKING:
    import aiohttp

    from proxy_app.exchange import Exchange

EVENTS: Final = "text/event-stream"
JSON: Final = (b"content-type", b"application/json; charset=utf-8")
LINES: Final = (b"content-type", b"application/x-ndjson")
MOST_ANSWER_BYTES: Final = 256 << 20  # of one that is put together here
_DONE: Final = b"[DONE]"
# Events that say something of tokens or of the end; all others are not even parsed.
_TELLING: Final = (b'"timings"', b'"usage"', b'"finish_reason":"', b'"stop_reason":"', b'"stop":t')
# What the last event of each shape holds.
_ENDS: Final[dict[str, tuple[bytes, ...]]] = {
    "chat": (_DONE,),
    "completion": (_DONE,),
    "native": (b'"stop":true',),
    "message": (b'"message_stop"',),
    "response": (b"response.completed", b"response.incomplete", b"response.failed"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What an engine is asked, and how long it may be silent."""

    upstream: Upstream
    route: Route
    body: bytes
    said: dict[str, Any]  # the body, understood
    headers: Mapping[bytes, bytes]
    silence_seconds: float
    # Of the model's owner, where the question has to be translated first.
    rewrite: Rewrite | None = None


async def forward(exchange: Exchange, question: Question, address: Address) -> None:
    """Raises EngineGone before anything was asked, GatewayError when the engine fails."""
    route, silence = question.route, question.silence_seconds
    if address.sees is False and media.has_images(question.body, question.said):
        # The engine's own answer is a 500, with which clients try again.
        message = "This model takes no images: it has none of the parts (mmproj) that see."
        raise GatewayError(400, "images_not_supported", message)
    if route.shape == "embed":
        await translate_embeddings(exchange, question, address)
        return
    if route.dialect == "ollama":
        await translate(exchange, question, address)
        return
    is_put_together = route.shape != "plain" and not exchange.is_stream
    sent = _as_a_stream(question.said, route) if is_put_together else question.body
    patience = Patience(silence)
    response = await _ask(question, address, sent)
    try:
        is_events = response.content_type == EVENTS
        if is_put_together and is_events and response.status == 200:
            await _put_together(exchange, response, route, patience)
        elif is_events:
            await _stream(exchange, response, route, patience)
        else:
            await _whole(exchange, response, silence)
    finally:
        # Closes the connection, unless the answer was read to its end: so an engine learns that
        # nobody waits any more.
        response.close()


async def _ask(question: Question, address: Address, sent: bytes) -> aiohttp.ClientResponse:
    handed_on = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in question.headers.items()
        if name in head.FORWARDED
    }
    handed_on["content-type"] = "application/json"
    path, silence = question.route.upstream, question.silence_seconds
    return await question.upstream.post(address, path, handed_on, sent, silence)


def _as_a_stream(said: dict[str, Any], route: Route) -> bytes:
    """The same question, to be answered piece by piece, with the usage that a whole answer has."""
    asked = {**said, "stream": True}
    if route.shape in ("chat", "completion"):
        given = said.get("stream_options")
        asked["stream_options"] = {
            **(given if isinstance(given, dict) else {}),
            "include_usage": True,
        }
    return orjson.dumps(asked)


def _returned(response: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower(), value)
        for name, value in response.raw_headers
        if name.lower() in head.RETURNED
    ]


# ---------------------------------------------------------------- streams
async def _stream(
    exchange: Exchange, response: aiohttp.ClientResponse, route: Route, patience: Patience
) -> None:
    exchange.is_stream = True
    await exchange.begin(response.status, _returned(response))
    splitter = sse.Splitter()
    ends = _ENDS.get(route.shape, ())
    has_ended = not ends
    try:
        async for chunk in patience.chunks(response):
            await exchange.send_piece(chunk)
            events = splitter.feed(chunk)
            patience.heard(events)
            for raw in events:
                has_ended = has_ended or any(end in raw for end in ends)
                if any(word in raw for word in _TELLING):
                    _note(exchange.account.spent, sse.parsed(raw).data)
        has_failed = not has_ended and response.status == 200
        error = died() if has_failed else None
    except asyncio.CancelledError:
        if exchange.is_cancelled and splitter.rest:  # what follows must not become part of it
            await exchange.send_piece(b"\n\n")
        raise
    except TimeoutError:
        error = silent(patience.seconds)
    except (OSError, sse.EventTooLong) as failure:
        error = _broken(failure)
    except Exception as failure:
        if not _is_of_the_connection(failure):
            raise
        error = died()
    if error is not None:
        if splitter.rest:  # half an event: what follows must not become part of it
            await exchange.send_piece(b"\n\n")
        raise error
    await exchange.finish()


def _broken(failure: Exception) -> GatewayError:
    if isinstance(failure, sse.EventTooLong):
        return GatewayError(502, "engine_answer", f"The engine sent {failure}.")
    return died()


def _is_of_the_connection(failure: Exception) -> bool:
    import aiohttp

    return isinstance(failure, aiohttp.ClientError)


def _note(spent: Spent, data: bytes) -> None:
    try:
        spent.note(orjson.loads(data))
    except orjson.JSONDecodeError:
        return


# ---------------------------------------------------------------- whole answers
async def _put_together(
    exchange: Exchange, response: aiohttp.ClientResponse, route: Route, patience: Patience
) -> None:
    pieces = assembly(route.shape)
    with _failures(patience.seconds):
        async for name, said in _events(response, patience):
            exchange.account.spent.note(said)
            pieces.add(name, said)
        whole = pieces.whole()
    await exchange.answer(200, [JSON], orjson.dumps(whole))


async def _events(
    response: aiohttp.ClientResponse, patience: Patience
) -> AsyncIterator[tuple[str, Any]]:
    """Names and contents. Raises GatewayError when one of them is an error."""
    splitter = sse.Splitter()
    size = 0
    async for chunk in patience.chunks(response):
        size += len(chunk)
        if size > MOST_ANSWER_BYTES:
            raise GatewayError(502, "engine_answer", "The engine's answer has no end.")
        events = splitter.feed(chunk)
        patience.heard(events)
        for raw in events:
            event = sse.parsed(raw)
            if event.data and event.data != _DONE:
                said = orjson.loads(event.data)
                _check_for_error(said)
                yield event.name, said


@contextmanager
def _failures(silence: float) -> Iterator[None]:
    """What can go wrong on the way from an engine, as answers of ours."""
    try:
        yield
    except TimeoutError as failure:
        raise silent(silence) from failure
    except AssemblyError as failure:
        raise died() from failure
    except (sse.EventTooLong, orjson.JSONDecodeError) as failure:
        raise GatewayError(502, "engine_answer", f"The engine's answer: {failure}.") from failure
    except Exception as failure:
        if isinstance(failure, OSError) or _is_of_the_connection(failure):
            raise died() from failure
        raise


# ---------------------------------------------------------------- Ollama
def _as_its_owner_wants(asked: dict[str, Any], question: Question) -> dict[str, Any]:
    """What was translated, checked like what comes in OpenAI's words. Raises GatewayError 400."""
    if question.rewrite is not None and not question.rewrite.is_empty:
        shape = "plain" if question.route.shape == "embed" else question.route.shape
        asked = rewritten(asked, shape, question.rewrite)
    body_checks.check(asked)
    return asked


async def translate(exchange: Exchange, question: Question, address: Address) -> None:
    """Asked and answered in Ollama's words."""
    is_chat = exchange.account.path == "/api/chat"
    asked = _as_its_owner_wants(ollama_chat.asked(question.said, is_chat=is_chat), question)
    sent = _as_a_stream(asked, question.route)
    told = ollama_chat.Told(exchange.account.model_name, is_chat=is_chat)
    spent = exchange.account.spent
    began, patience = time.monotonic(), Patience(question.silence_seconds)
    response = await _ask(question, address, sent)
    try:
        with _failures(question.silence_seconds):
            if response.status != 200:
                _check_for_error(orjson.loads(await _read(response)))
                raise GatewayError(502, "engine", f"The engine answered {response.status}.")
            async for _, said in _events(response, patience):
                spent.note(said)
                line = told.line(said)
                if line is not None and exchange.is_stream:
                    if not exchange.has_begun:
                        await exchange.begin(200, [LINES])
                    await exchange.send_piece(orjson.dumps(line) + b"\n")
            seconds = time.monotonic() - began
            end = told.end(spent, seconds) if exchange.is_stream else told.whole(spent, seconds)
    finally:
        response.close()
    if not exchange.is_stream:
        await exchange.answer(200, [JSON], orjson.dumps(end))
        return
    if not exchange.has_begun:
        await exchange.begin(200, [LINES])
    await exchange.finish(orjson.dumps(end) + b"\n")


async def translate_embeddings(exchange: Exchange, question: Question, address: Address) -> None:
    """Asked and answered in Ollama's words; never a stream."""
    exchange.is_stream = exchange.account.is_stream = False
    path, model = exchange.account.path, exchange.account.model_name
    asked = _as_its_owner_wants(ollama_embed.asked(question.said, path), question)
    sent = orjson.dumps(asked)
    began = time.monotonic()
    response = await _ask(question, address, sent)
    try:
        with _failures(question.silence_seconds):
            answer = orjson.loads(await _read(response))
            _check_for_error(answer)
            exchange.account.spent.note(answer)
            said = ollama_embed.told(answer, model, path, time.monotonic() - began)
    except ollama_embed.NotEmbeddings as failure:
        raise GatewayError(502, "engine_answer", f"The engine's answer: {failure}.") from failure
    finally:
        response.close()
    await exchange.answer(200, [JSON], orjson.dumps(said))


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Raises GatewayError when it is longer than any answer should be."""
    found = bytearray()
    async for chunk in response.content.iter_any():
        found += chunk
        if len(found) > MOST_ANSWER_BYTES:
            raise GatewayError(502, "engine_answer", "The engine's answer has no end.")
    return bytes(found)


def _check_for_error(said: Any) -> None:
    """An engine that fails while it streams says so in an event."""
    error = said.get("error") if isinstance(said, dict) else None
    if not isinstance(error, dict):
        return
    status = error.get("code")
    if type(status) is not int or not 400 <= status < 600:
        status = 500
    message = str(error.get("message", "The engine reports an error."))[:2000]
    raise GatewayError(status, str(error.get("type", "engine"))[:64], message)


async def _whole(exchange: Exchange, response: aiohttp.ClientResponse, silence: float) -> None:
    """Not streamed by the engine: embeddings, tokens, and every error."""
    kept = bytearray()
    headers = _returned(response)
    if (length := response.headers.get("Content-Length")) is not None:
        headers.append((b"content-length", length.encode()))
    with _failures(silence):
        async for chunk in response.content.iter_any():
            if not exchange.has_begun:
                await exchange.begin(response.status, headers)
            if len(kept) < 1 << 20:
                kept += chunk
            await exchange.send_piece(chunk)
    if not exchange.has_begun:
        await exchange.begin(response.status, headers)
    if response.status == 200:
        _note(exchange.account.spent, bytes(kept))
    else:
        exchange.account.error_code = "engine"
        exchange.account.error = bytes(kept[:2000]).decode("utf-8", "replace")
    await exchange.finish()
