"""The gateway of a real `serve`, in front of the real engine."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from models_app.core.demo_models import write_demo_models
from tests.fakes.serving import CHECKOUT, Serving, serving, wait_until
from tests.requirements_here import need

pytestmark = pytest.mark.engine
MODELS = ("tiny-chat", "tiny-embed", "tiny-rerank", "tiny-slow")
ANSWER = "Hello! I am a tiny deterministic test model running inside the real llama.cpp engine."
HI = [{"role": "user", "content": "hi"}]


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ask(port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, names, answer.read())


class Site:
    """One `serve` for all tests of this file: none of them changes what another one needs."""

    def __init__(self, data: Path, running: Serving) -> None:
        self.data = data
        self.running = running
        self.port = int(running.address.rsplit(":", 1)[1])

    def ask(self, path: str, said: Any = None, **headers: str) -> Reply:
        body = None if said is None else json.dumps(said).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.port, "GET" if body is None else "POST", path, body, names)

    def chat(self, model: str = "tiny-chat", **more: Any) -> Reply:
        return self.ask("/v1/chat/completions", {"model": model, "messages": HI, **more})

    def raw(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            return connection.recv(65_536)

    def rows(self, sql: str, *given: object) -> list[Any]:
        with closing(sqlite3.connect(self.data / "llamadash.sqlite3", timeout=10)) as database:
            return database.execute(sql, given).fetchall()

    def record(self, reply: Reply) -> dict[str, Any]:
        number = reply.headers["x-llamadash-request-id"]
        columns = ("status", "prompt_tokens", "generated_tokens", "finish_reason")
        sql = (
            "SELECT status, prompt_tokens, generated_tokens, finish_reason"
            " FROM proxy_app_requestrecord WHERE public_id = ?"
        )
        wait_until(lambda: self.rows(sql, number), "the request's record")
        return dict(zip(columns, self.rows(sql, number)[0], strict=True))

    def new_key(self, *scopes: str) -> str:
        words = [word for scope in scopes for word in ("--scope", scope)]
        surroundings = {**os.environ, "LLAMADASH_DATA_DIR": str(self.data)}
        done = subprocess.run(
            [sys.executable, "manage.py", "createapikey", "test", *words],
            cwd=CHECKOUT, env=surroundings, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    need(
        importlib.util.find_spec("xllamacpp") is not None,
        "the engine is not installed (pip install 'llamadash[engine]')",
    )
    folder = tmp_path_factory.mktemp("gateway")
    write_demo_models(folder / "models", MODELS)
    first = 20_000 + os.getpid() % 300 * 100
    environment = {
        "LLAMADASH_MODELS_DIRS": str(folder / "models"),
        "LLAMADASH_PORT_RANGE": f"{first}-{first + 99}",
    }
    with serving(folder / "data", environment=environment) as running:
        found = Site(folder / "data", running)
        listed = "SELECT id FROM models_app_llamamodel WHERE state = 'ok'"
        wait_until(lambda: len(found.rows(listed)) == len(MODELS), "the models to be found")
        wait_until(lambda: found.chat().status == 200, "a first answer")
        yield found
        running.stop()  # and its engines with it


def test_a_chat_starts_its_model_and_is_answered(site: Site) -> None:
    reply = site.chat()
    assert reply.status == 200
    assert reply.json()["choices"][0]["message"]["content"] == ANSWER
    assert reply.json()["usage"]["completion_tokens"] == 18


def test_its_tokens_and_its_end_are_recorded(site: Site) -> None:
    record = site.record(site.chat())
    assert (record["status"], record["generated_tokens"]) == (200, 18)
    assert (record["prompt_tokens"], record["finish_reason"]) == (6, "stop")


def test_a_stream_comes_as_the_engine_sends_it(site: Site) -> None:
    reply = site.chat(stream=True)
    assert reply.headers["content-type"] == "text/event-stream"
    assert reply.body.endswith(b"data: [DONE]\n\n")
    pieces = [json.loads(line[6:]) for line in reply.body.split(b"\n\n") if b"{" in line]
    text = "".join(each["choices"][0]["delta"].get("content") or "" for each in pieces)
    assert text == ANSWER
    assert site.record(reply)["generated_tokens"] == 18


def test_embeddings_are_answered(site: Site) -> None:
    reply = site.ask("/v1/embeddings", {"model": "tiny-embed", "input": "hi"})
    assert len(reply.json()["data"][0]["embedding"]) == 64


def test_documents_are_ranked(site: Site) -> None:
    asked = {"model": "tiny-rerank", "query": "a", "documents": ["a", "b"]}
    assert len(site.ask("/v1/rerank", asked).json()["results"]) == 2


def test_anthropic_s_messages_are_answered(site: Site) -> None:
    asked = {"model": "tiny-chat", "max_tokens": 30, "messages": HI}
    reply = site.ask("/v1/messages", asked)
    assert reply.json()["content"] == [{"type": "text", "text": ANSWER}]
    assert site.record(reply)["finish_reason"] == "end_turn"


def test_responses_are_answered(site: Site) -> None:
    reply = site.ask("/v1/responses", {"model": "tiny-chat", "input": "hi"})
    assert reply.json()["output"][0]["content"][0]["text"] == ANSWER


def test_llama_cpp_s_own_completion_is_answered(site: Site) -> None:
    asked = {"model": "tiny-chat", "prompt": "hi", "n_predict": 4}
    assert site.ask("/completion", asked).json()["tokens_predicted"] == 4


@pytest.mark.parametrize("name", ["TINY-CHAT", "tiny-chat.gguf"])
def test_a_model_may_be_called_by_its_other_names(site: Site, name: str) -> None:
    assert site.chat(name).status == 200


def test_the_list_says_what_can_be_asked_for_and_what_is_loaded(site: Site) -> None:
    listed = {each["id"]: each for each in site.ask("/v1/models").json()["data"]}
    assert set(listed) == set(MODELS)
    assert listed["tiny-chat"]["status"]["value"] == "loaded"


def test_an_unknown_model_is_answered_with_names_like_it(site: Site) -> None:
    reply = site.chat("tiny-chatt")
    assert reply.status == 404
    assert "tiny-chat" in reply.json()["error"]["message"]


def test_the_engine_s_own_refusal_is_handed_on(site: Site) -> None:
    reply = site.ask("/v1/chat/completions", {"model": "tiny-chat", "messages": "hi"})
    assert reply.status == 400
    assert "messages" in reply.json()["error"]["message"]


def test_an_error_speaks_the_dialect_of_its_path(site: Site) -> None:
    reply = site.ask("/v1/messages", {"model": "nobody", "messages": HI})
    assert reply.json()["error"]["type"] == "not_found_error"
    assert reply.json()["type"] == "error"


def test_a_get_of_a_path_that_takes_post_is_refused(site: Site) -> None:
    assert site.ask("/v1/chat/completions").status == 405


# ---------------------------------------------------------------- who may
def test_another_host_name_is_refused(site: Site) -> None:
    assert site.ask("/v1/models", Host="evil.example").status == 400


def test_a_page_of_another_site_is_refused(site: Site) -> None:
    assert site.ask("/v1/models", Origin="http://evil.example").status == 403


def test_a_page_of_another_port_is_refused(site: Site) -> None:
    assert site.ask("/v1/models", Origin="http://127.0.0.1:1").status == 403


def test_a_wrong_key_is_refused_even_where_none_is_needed(site: Site) -> None:
    assert site.ask("/v1/models", Authorization="Bearer ld_wrong").status == 401


def test_a_word_in_the_place_of_a_key_does_no_harm_where_none_is_needed(site: Site) -> None:
    assert site.ask("/v1/models", Authorization="Bearer none").status == 200
    headers = {"Authorization": "Bearer none", "X-Forwarded-For": "10.0.0.1"}
    assert site.ask("/v1/models", **headers).status == 401


def test_who_comes_by_a_proxy_needs_a_key(site: Site) -> None:
    assert site.ask("/v1/models", X_Forwarded_For="127.0.0.1").status == 401


def test_a_key_lets_in_whoever_comes_by_a_proxy(site: Site) -> None:
    key = site.new_key()
    reply = site.ask("/v1/models", X_Forwarded_For="10.0.0.1", Authorization=f"Bearer {key}")
    assert reply.status == 200


def test_a_key_that_may_only_read_generates_nothing(site: Site) -> None:
    key = site.new_key("read")
    asked = {"model": "tiny-chat", "messages": HI}
    reply = site.ask("/v1/chat/completions", asked, Authorization=f"Bearer {key}")
    assert reply.status == 403


# ---------------------------------------------------------------- bad input
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        b"Content-Length: +4\r\n\r\nabcd",
    ],
)
def test_a_body_whose_length_is_ambiguous_is_refused(site: Site, rest: bytes) -> None:
    assert b" 400 " in site.raw(HEAD + rest).split(b"\r\n")[0]


def test_a_body_that_is_too_long_is_refused_before_it_is_read(site: Site) -> None:
    answer = site.raw(HEAD + b"Content-Length: 300000000\r\n\r\n{")
    assert b" 413 " in answer.split(b"\r\n")[0]


@pytest.mark.parametrize("path", [b"/v1/../v1/models", b"//v1/models", b"/v1/%6dodels"])
def test_tricks_with_the_path_lead_nowhere(site: Site, path: bytes) -> None:
    answer = site.raw(b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert answer.split(b" ")[1] in (b"400", b"404")


def test_json_that_is_none_is_refused(site: Site) -> None:
    answer = site.raw(HEAD + b"Content-Length: 1\r\n\r\n{")
    assert b" 400 " in answer.split(b"\r\n")[0]


# ---------------------------------------------------------------- faults
def slow_stream(site: Site) -> HTTPConnection:
    """A stream that goes on for long, of which some tokens have come."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=60)
    asked = {
        "model": "tiny-slow", "messages": HI, "stream": True, "ignore_eos": True,
        "max_tokens": 5_000,
    }  # fmt: skip
    connection.request("POST", "/v1/chat/completions", json.dumps(asked))
    return connection


def slots_in_use(site: Site) -> int:
    [(number, port)] = site.rows(
        "SELECT e.id, e.port FROM engine_app_engine e JOIN models_app_llamamodel m"
        " ON m.id = e.llama_model_id WHERE m.name = 'tiny-slow' AND e.state = 'ready'"
    )
    key = (site.data / "engines" / str(number) / "key").read_text()
    slots = ask(port, "GET", "/slots", None, {"Authorization": f"Bearer {key}"}).json()
    return sum(slot["is_processing"] for slot in slots)


def first_token(reply: HTTPResponse) -> bytes:
    """The first line that is not there to keep the connection alive."""
    return next(line for line in reply if line.startswith(b"data:"))


def test_an_engine_stops_working_for_a_client_that_has_gone(site: Site) -> None:
    connection = slow_stream(site)
    reply = connection.getresponse()
    assert first_token(reply)
    assert slots_in_use(site) == 1
    reply.close()
    connection.close()
    wait_until(lambda: slots_in_use(site) == 0, "the slot to be free again")


def test_an_engine_that_dies_in_a_stream_is_no_normal_end(site: Site) -> None:
    connection = slow_stream(site)
    reply = connection.getresponse()
    assert first_token(reply)
    [(pid,)] = site.rows(
        "SELECT e.pid FROM engine_app_engine e JOIN models_app_llamamodel m"
        " ON m.id = e.llama_model_id WHERE m.name = 'tiny-slow'"
    )
    os.kill(pid, signal.SIGKILL)
    rest = reply.read()
    assert b'"engine_died"' in rest
    assert b"[DONE]" not in rest
    connection.close()


def test_who_leaves_while_the_model_is_busy_holds_no_place(site: Site) -> None:
    key_free = slow_stream(site)
    key_free.close()
    began = time.monotonic()
    assert site.chat("tiny-slow", max_tokens=1).status == 200
    assert time.monotonic() - began < 60


# ---------------------------------------------------------------- loading and unloading
def status_of(site: Site, model: str) -> str:
    listed = {each["id"]: each for each in site.ask("/models").json()["data"]}
    return str(listed[model]["status"]["value"])


def test_a_router_s_client_loads_and_unloads_a_model(site: Site) -> None:
    site.ask("/api/models/unload/tiny-embed", {})
    assert status_of(site, "tiny-embed") == "unloaded"
    assert site.ask("/models/load", {"model": "tiny-embed"}).json() == {"success": True}
    wait_until(lambda: status_of(site, "tiny-embed") == "loaded", "the model to be loaded")
    again = site.ask("/models/load", {"model": "tiny-embed"})
    assert (again.status, again.json()["error"]["message"]) == (400, "model is already running")
    assert site.ask("/models/unload", {"model": "tiny-embed"}).json() == {"success": True}
    wait_until(lambda: status_of(site, "tiny-embed") == "unloaded", "the model to be unloaded")


def test_what_runs_is_told_as_llama_swap_does(site: Site) -> None:
    site.chat()
    running = {each["model"]: each["state"] for each in site.ask("/running").json()["running"]}
    assert running["tiny-chat"] == "ready"


def test_properties_without_a_model_are_a_router_s(site: Site) -> None:
    assert site.ask("/props").json()["role"] == "router"


def test_properties_of_a_model_hide_where_its_file_lies(site: Site) -> None:
    site.chat()
    said = site.ask("/props?model=tiny-chat").json()
    assert said["total_slots"] >= 1
    assert "model_path" not in said


def test_ollama_s_list_names_every_model(site: Site) -> None:
    assert {each["name"] for each in site.ask("/api/tags").json()["models"]} == set(MODELS)


def test_a_key_that_may_only_generate_unloads_nothing(site: Site) -> None:
    key = site.new_key("infer")
    for path in ("/models/unload", "/api/models/unload"):
        reply = site.ask(path, {"model": "tiny-chat"}, Authorization=f"Bearer {key}")
        assert reply.status == 403, path
    assert site.ask("/unload", Authorization=f"Bearer {key}").status == 403


def test_the_feed_tells_that_a_model_is_loaded(site: Site) -> None:
    site.ask("/api/models/unload/tiny-rerank", {})
    with closing(HTTPConnection("127.0.0.1", site.port, timeout=60)) as connection:
        connection.request("GET", "/models/sse")
        feed = connection.getresponse()
        site.ask("/models/load", {"model": "tiny-rerank"})
        told = (json.loads(line[6:]) for line in feed if line.startswith(b"data:"))
        mine = (each["data"] for each in told if each["model"] == "tiny-rerank")
        assert any(data["status"] == "loaded" for data in mine)


# ---------------------------------------------------------------- Ollama's words
def test_ollama_s_chat_streams_lines_and_ends_with_counts(site: Site) -> None:
    reply = site.ask("/api/chat", {"model": "tiny-chat:latest", "messages": HI})
    lines = [json.loads(line) for line in reply.body.splitlines()]
    assert "".join(each["message"]["content"] for each in lines) == ANSWER
    assert [each["done"] for each in lines] == [False] * (len(lines) - 1) + [True]
    assert (lines[-1]["done_reason"], lines[-1]["eval_count"]) == ("stop", 18)


def test_ollama_s_chat_can_be_answered_at_once(site: Site) -> None:
    reply = site.ask("/api/chat", {"model": "tiny-chat", "messages": HI, "stream": False})
    assert reply.json()["message"] == {"role": "assistant", "content": ANSWER}


def test_ollama_s_generate_answers_a_prompt(site: Site) -> None:
    asked = {"model": "tiny-chat", "prompt": "hi", "stream": False, "options": {"num_predict": 4}}
    reply = site.ask("/api/generate", asked)
    assert (reply.json()["response"], reply.json()["done_reason"]) == ("Hello! I am", "length")


def test_ollama_s_errors_are_one_sentence(site: Site) -> None:
    reply = site.ask("/api/chat", {"model": "nobody", "messages": HI})
    assert (reply.status, list(reply.json())) == (404, ["error"])
