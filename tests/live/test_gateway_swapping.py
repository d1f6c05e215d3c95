"""Two models that do not fit beside each other, names and rewrites, against the real engine."""

from __future__ import annotations

import importlib.util
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import psutil
import pytest

from tests.fakes.gateway_site import Reply, Site, site
from tests.fakes.serving import wait_until
from tests.requirements_here import need

pytestmark = pytest.mark.engine
GIB = 1 << 30
# A context of so many tokens is estimated at several GiB, of which an engine that has nothing to do
# takes a part: the machine need not have it.
TOKENS = {"tiny-chat": 2_200_000, "tiny-slow": 350_000}


class Manager:
    """Asks the management API with a key."""

    def __init__(self, here: Site) -> None:
        self._port = here.port
        self._key = here.new_key("admin")

    def ask(self, method: str, path: str, said: Any = None) -> Reply:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        body = None if said is None else json.dumps(said).encode()
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=60)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Reply(answer.status, {}, answer.read())

    def models(self) -> dict[str, int]:
        return {
            each["name"]: each["id"] for each in self.ask("GET", "/api/models/").json()["models"]
        }


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    need(
        importlib.util.find_spec("xllamacpp") is not None,
        "the engine is not installed (pip install 'llamadash[engine]')",
    )
    settings = {"gateway.loading_text": True}
    with site(tmp_path_factory.mktemp("swap"), ("tiny-chat", "tiny-slow"), settings=settings) as it:
        yield it


@pytest.fixture(scope="module")
def manager(here: Site) -> Manager:
    return Manager(here)


def test_the_most_tokens_of_a_model_are_kept_whatever_is_asked(
    here: Site, manager: Manager
) -> None:
    model = manager.models()["tiny-chat"]
    assert manager.ask("PUT", f"/api/rewrites/{model}/", {"max_tokens": 3}).status == 200
    reply = here.chat(max_tokens=100)
    assert reply.json()["usage"]["completion_tokens"] == 3
    assert manager.ask("DELETE", f"/api/rewrites/{model}/").status == 204
    assert here.chat().json()["usage"]["completion_tokens"] == 18


def test_a_name_for_several_models_goes_to_the_one_that_is_loaded(
    here: Site, manager: Manager
) -> None:
    given = {"name": "any", "members": ["tiny-slow", "tiny-chat"], "how": "loaded"}
    assert manager.ask("POST", "/api/virtual-models/", given).status == 201
    here.chat()
    assert here.chat(model="any").json()["model"] == "tiny-chat"


def test_a_profile_changes_what_a_name_means_while_it_is_active(
    here: Site, manager: Manager
) -> None:
    given = {"name": "work", "pins": {"gpt-4o": "tiny-chat"}}
    profile = manager.ask("POST", "/api/profiles/", given).json()["id"]
    assert here.chat(model="gpt-4o").status == 404
    assert manager.ask("PUT", "/api/profiles/active/", {"profile": profile}).status == 200
    assert here.chat(model="gpt-4o").status == 200
    assert manager.ask("PUT", "/api/profiles/active/", {"profile": None}).status == 200
    assert here.chat(model="gpt-4o").status == 404


def test_a_model_that_does_not_fit_beside_another_waits_for_its_answer_and_takes_its_place(
    here: Site, manager: Manager
) -> None:
    big = {}
    for name, model in manager.models().items():
        given = {"name": f"{name}-big", "model": model, "options": {"ctx-size": TOKENS[name]}}
        assert manager.ask("POST", "/api/presets/", given).status == 201
        plan = manager.ask("GET", f"/api/engines/plan/?model={model}&preset={_last(here)}").json()
        big[name] = plan["need"]["devices"][0]["need_bytes"]
    assert min(big.values()) > 2 * GIB
    margin = psutil.virtual_memory().available - max(big.values()) - GIB
    settings = {"memory.margin_mib": int(margin) >> 20}
    for key, value in settings.items():
        here.write("INSERT INTO settings_app_setting (key, value, updated_at) VALUES (?, ?, ?)",
                   key, json.dumps(value), "2026-01-01 00:00:00")  # fmt: skip
    time.sleep(6)  # so long a value is kept in memory
    first = here.chat(model="tiny-slow:tiny-slow-big", max_tokens=2)
    assert first.status == 200, first.body
    ended: list[float] = []

    def ask_slowly() -> None:
        here.chat("on and on", model="tiny-slow:tiny-slow-big", max_tokens=150)
        ended.append(time.monotonic())

    slow = threading.Thread(target=ask_slowly)
    slow.start()
    running = "SELECT count(*) FROM engine_app_engine WHERE state = 'ready'"
    wait_until(lambda: here.rows(running)[0][0] >= 1, "the first to be ready")
    time.sleep(0.3)
    second = here.chat(model="tiny-chat:tiny-chat-big", stream=True)
    answered = time.monotonic()
    slow.join()
    assert second.status == 200
    assert ended and ended[0] < answered
    assert b"tiny-chat:tiny-chat-big" in second.body and b"reasoning_content" in second.body
    assert second.body.endswith(b"data: [DONE]\n\n"), second.body
    states = dict(
        here.rows(
            "SELECT preset.name, engine.state FROM engine_app_engine engine"
            " JOIN engine_app_preset preset ON preset.id = engine.preset_id"
        )
    )
    assert states["tiny-chat-big"] == "ready"
    assert states["tiny-slow-big"] == "stopped"


def _last(here: Site) -> int:
    return int(here.rows("SELECT max(id) FROM engine_app_preset")[0][0])


def test_who_wants_nothing_to_be_loaded_is_told_that_nothing_is(here: Site) -> None:
    said = {"model": "tiny-slow", "messages": [{"role": "user", "content": "hi"}]}
    reply = here.ask("/v1/chat/completions?autoload=false", said)
    assert reply.status == 400
    assert "not loaded" in reply.json()["error"]["message"]


def test_a_query_of_too_many_fields_is_refused(here: Site) -> None:
    assert here.ask("/v1/models?" + "a=1&" * 60).status == 400


def test_names_for_several_models_are_among_the_models(here: Site, manager: Manager) -> None:
    given = {"name": "listed", "members": ["tiny-chat"]}
    assert manager.ask("POST", "/api/virtual-models/", given).status == 201
    assert "listed" in [each["id"] for each in here.ask("/v1/models").json()["data"]]
    assert here.ask("/v1/models/listed").json()["meta"]["llamaswap"]["type"] == "selector"
