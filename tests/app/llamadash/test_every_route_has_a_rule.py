"""Every address there is, asked by a stranger and by an account that may only look.

A new address is found by itself; whoever it lets in must be written down here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from engine_app.models import Engine
from llamadash import asgi
from llamadash.api import api
from models_app.models import ScanRun
from tests.factories import make_model

pytestmark = pytest.mark.django_db

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CHANGING: Final = ("POST", "PUT", "PATCH", "DELETE")
LOGINS: Final = ("/accounts/login/", "/admin/login/")
SAMPLES: Final = {"form": "csv", "tab": "scanning", "app_label": "auth", "url": "nowhere"}
# The regular expressions that Django's admin uses, by what one of their addresses looks like.
EXPRESSIONS: Final = {"(?P<url>.*)$": "{url}"}

FOR_ANYBODY: Final = {
    *((method, "/healthz") for method in ("GET", "HEAD")),
    *((method, "/readyz") for method in ("GET", "HEAD")),
    *((method, "/metrics") for method in ("GET", "HEAD")),  # from this machine only
    *((method, login) for method in METHODS for login in LOGINS),
    ("POST", "/theme/"),
}
FOR_ACCOUNTS: Final = {
    ("POST", "/theme/"),
    ("POST", "/accounts/logout/"),
    ("POST", "/setup/skip/"),  # a mark in one's own session
    ("POST", "/setup/"),  # leads on: there is an account already
    *((method, "/accounts/login/") for method in CHANGING),  # leads home
    *((method, "/admin/login/") for method in CHANGING),
    *((method, "/admin/logout/") for method in CHANGING),  # leads to the admin, which refuses
    *((method, "/api/") for method in CHANGING),  # nothing is there
    *((method, "/api/openapi.json") for method in CHANGING),  # one document, however it is asked
}


def routes(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    """An address of each pattern."""
    for pattern in resolver.url_patterns:
        address = before + sample(pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, address)
        else:
            yield address


def sample(pattern: URLPattern | URLResolver) -> str:
    route = str(pattern.pattern)
    if isinstance(pattern.pattern, RegexPattern):
        if route.startswith("^(?P<app_label>"):
            return "auth/"
        return EXPRESSIONS[route].format(**SAMPLES)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: SAMPLES.get(found[1], "1"), route)


def addresses() -> list[str]:
    return sorted(set(routes(get_resolver())))


@pytest.fixture(autouse=True)
def registry(admin_user: User) -> None:
    """The ids of the sample addresses exist: no 404 stands for a refusal."""
    Engine.objects.create(id=1, llama_model=make_model(id=1), node="here")
    ScanRun.objects.create(id=1, state="running")


def outcome(client: Client, method: str, address: str) -> str:
    body = "{}" if method in CHANGING else ""  # which the API can read
    answer = client.generic(method, address, body, content_type="application/json")
    if answer.status_code == 302 and answer["Location"].partition("?")[0] in LOGINS:
        return "login"
    return str(answer.status_code)


def test_the_walk_finds_pages_admin_and_every_operation_of_the_api() -> None:
    found = addresses()
    assert {"/models/1/change/", "/admin/auth/user/1/change/", "/healthz"} <= set(found)
    documented = api.get_openapi_schema(path_prefix="/api/")["paths"]
    assert {re.sub(r"{\w+}", "1", path) for path in documented} <= set(found)


def test_a_stranger_is_refused_everywhere_else(client: Client) -> None:
    let_in = {
        (method, address): what
        for address in addresses()
        for method in METHODS
        if (method, address) not in FOR_ANYBODY
        and (what := outcome(client, method, address)) not in ("401", "403", "405", "login")
    }
    assert let_in == {}


def test_who_may_only_look_changes_nothing_else(client: Client) -> None:
    viewer = User.objects.create_user("viewer")
    client.force_login(viewer)
    let_in = {
        (method, address): what
        for address in addresses()
        for method in CHANGING
        if (method, address) not in FOR_ACCOUNTS
        and (what := outcome(client, method, address)) not in ("403", "405", "login")
    }
    assert let_in == {}


def test_only_these_answer_before_django() -> None:
    """What each may hand out is tested in test_before_django.py and test_gateway.py."""
    layers = []
    layer: object = asgi._http
    while layer is not None:
        layers.append(type(layer).__name__)
        layer = getattr(layer, "_application", None)
    assert layers == ["Assets", "BeforeDjango", "KnownLists", "WorkerThreads"]
