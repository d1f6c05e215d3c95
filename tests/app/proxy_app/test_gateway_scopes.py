"""Every path of the gateway, asked by everybody: nobody gets what its key does not allow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
import pytest_asyncio
from django.conf import settings
from django.db import connections

from engine_app.models import Engine
from models_app.models import LlamaModel
from proxy_app import gateway as gateways
from proxy_app import rows
from proxy_app.core.routes import FORWARDED
from proxy_app.dialects import table
from proxy_app.gateway import Gateway
from proxy_app.key_making import make_key
from proxy_app.models import SCOPES
from tests.factories import make_model
from tests.fakes.asgi_request import AsgiRequest

pytestmark = pytest.mark.django_db(transaction=True)

# What each path is for. A new one needs a line here, and so a thought.
NEEDS: Final[dict[str, str]] = {
    "": "GET /api/version",
    "open": "GET /health, GET /v1/health",
    "infer": (
        "GET /v1/models, GET /models, GET /v1/models/x, GET /api/tags, POST /api/show,"
        " POST /v1/chat/completions, POST /chat/completions, POST /v1/completions,"
        " POST /completions, POST /v1/embeddings, POST /embeddings, POST /v1/responses,"
        " POST /responses, POST /v1/rerank, POST /v1/reranking, POST /rerank, POST /reranking,"
        " POST /v1/messages, POST /v1/messages/count_tokens, POST /completion, POST /infill,"
        " POST /api/chat, POST /api/generate, POST /api/embed, POST /api/embeddings,"
        " POST /tokenize, POST /detokenize, POST /apply-template, POST /embedding,"
        " POST /v1/chat/completions/input_tokens, POST /v1/responses/input_tokens"
    ),
    "read": (
        "GET /models/sse, GET /props, GET /slots, GET /running, GET /api/ps, GET /api/events,"
        " GET /upstream/x/health"
    ),
    "operate": (
        "POST /models/load, POST /models/unload, GET /unload, POST /api/models/unload,"
        " POST /api/models/unload/x, GET /logs, GET /logs/stream, GET /logs/stream/x"
    ),
}
ROUTES: Final = {
    tuple(route.split()): need for need, routes in NEEDS.items() for route in routes.split(", ")
}
# What a key with this one scope may ask for besides what needs none.
MAY: Final = {
    "infer": {"infer"},
    "read": {"read"},
    "operate": {"operate", "read"},
    "admin": {"operate", "read"},
}


@pytest.fixture(autouse=True)
def _the_thread_of_the_gateway_leaves_no_connection() -> Iterator[None]:
    yield
    for thread in (rows._thread, rows._writer):
        thread.submit(connections.close_all).result()


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[Gateway]:
    yield gateways.gateway()
    await gateways.close()


def declared() -> set[tuple[str, str]]:
    """All that the gateway's own tables say; an id is asked for where one follows."""
    forwarded = {("POST", path) for path in FORWARDED}
    followed = {(method, f"{path}x") for method, path in table.ENDING_IN_ID}
    followed = {(m, f"{p}/health" if p == "/upstream/x" else p) for m, p in followed}
    return {*forwarded, *table.ANSWERED, *followed}


def test_every_path_says_here_what_it_needs() -> None:
    assert declared() == set(ROUTES)


async def status(gateway: Gateway, method: str, path: str, **headers: str) -> int:
    said: Any = {} if method == "POST" else None
    request = AsgiRequest(method, path, said, **headers)
    await request.ask(gateway.answer, lambda seen: seen.status)
    return request.status


def key(*scopes: str, **limits: Any) -> str:
    return f"Bearer {make_key('test', scopes, **limits)[1]}"


async def wrongly_answered(gateway: Gateway, may: set[str], refusal: int, **headers: str) -> Any:
    """What was let in and should not have been, or the other way round."""
    found = {}
    for (method, path), need in ROUTES.items():
        got = await status(gateway, method, path, **headers)
        is_right = got not in (401, 403) if need in may else got == refusal
        if not is_right:
            found[f"{method} {path}"] = got
    return found


async def test_who_comes_from_elsewhere_without_a_key_learns_that_we_live(gateway: Gateway) -> None:
    assert await wrongly_answered(gateway, {"open"}, 401) == {}


async def test_a_wrong_key_opens_nothing(gateway: Gateway) -> None:
    wrong = "Bearer ld_aaaaaaaa_" + "x" * 43
    assert await wrongly_answered(gateway, {"open"}, 401, authorization=wrong) == {}


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_key_opens_what_its_scope_names(gateway: Gateway, scope: str) -> None:
    given = await rows.rows(key, scope)
    may = {"open", "", *MAY[scope]}
    assert await wrongly_answered(gateway, may, 403, authorization=given) == {}


@pytest.mark.parametrize("wrong", ["?api_key=", "?key=", "?authorization=Bearer%20"])
async def test_a_key_in_the_address_opens_nothing(gateway: Gateway, wrong: str) -> None:
    given = (await rows.rows(key, *SCOPES)).removeprefix("Bearer ")
    assert await status(gateway, "GET", f"/v1/models{wrong}{given}") == 401


async def test_a_header_does_not_change_the_method(gateway: Gateway) -> None:
    given = await rows.rows(key, "read")
    headers = {"authorization": given, "x_http_method_override": "POST"}
    assert await status(gateway, "GET", "/models/load", **headers) == 405


# ---------------------------------------------------------------- keys of one model
def one_model_s_key() -> tuple[str, LlamaModel]:
    mine, other = make_model("mine", path="/srv/mine.gguf"), make_model("o", path="/srv/other.gguf")
    row, text = make_key("test", ("infer", "read", "operate"))
    row.llama_models.add(mine)
    return f"Bearer {text}", other


def running(model: LlamaModel) -> Engine:
    """Its row, which says that an engine runs; nobody listens on its port."""
    wanted = {"desired": "running", "state": "ready", "port": 1}
    return Engine.objects.create(llama_model=model, node=settings.NODE, **wanted)


NAMED: Final = (
    "GET /v1/models/{}", "GET /props?model={}", "GET /slots?model={}", "GET /upstream/{}/health",
    "GET /logs/stream/{}", "POST /api/models/unload/{}", "POST /models/load",
    "POST /models/unload", "POST /api/show",
)  # fmt: skip


async def test_a_model_that_is_not_the_key_s_is_as_one_that_is_not_there(gateway: Gateway) -> None:
    given, _ = await rows.rows(one_model_s_key)
    told_apart = {}
    for route in (*NAMED, *(f"POST {path}" for path in FORWARDED)):
        answers = []
        for name in ("other", "nosuch"):
            method, target = route.format(name).split()
            said = {"model": name} if method == "POST" else None
            request = AsgiRequest(method, target, said, authorization=given)
            await request.ask(gateway.answer)
            answers.append((request.status, request.body.replace(name.encode(), b"")))
        if answers[0] != answers[1] or answers[0][0] not in (400, 404):
            told_apart[route] = answers
    assert told_apart == {}


@pytest.mark.parametrize("path", ["/v1/models", "/api/tags", "/running", "/api/ps"])
async def test_lists_name_only_the_models_of_the_key(gateway: Gateway, path: str) -> None:
    given, other = await rows.rows(one_model_s_key)
    await rows.rows(running, other)
    request = await AsgiRequest("GET", path, authorization=given).ask(gateway.answer)
    assert request.status == 200
    assert b"other" not in request.body
    everything = await AsgiRequest("GET", path, client="127.0.0.1").ask(gateway.answer)
    assert b"other" in everything.body


async def test_unloading_everything_leaves_the_models_of_others(gateway: Gateway) -> None:
    given, other = await rows.rows(one_model_s_key)
    engine = await rows.rows(running, other)
    request = await AsgiRequest("GET", "/unload", authorization=given).ask(gateway.answer)
    assert request.body == b"OK"
    await rows.rows(engine.refresh_from_db)
    assert engine.desired == "running"
