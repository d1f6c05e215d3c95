"""The programs that people use, against the real engine behind a real `serve`."""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from http.client import HTTPConnection
from itertools import dropwhile, islice
from typing import Any

import anthropic
import ollama
import openai
import pytest

from tests.fakes.gateway_site import Site, site
from tests.requirements_here import need

pytestmark = pytest.mark.engine
ANSWER = "Hello! I am a tiny deterministic test model running inside the real llama.cpp engine."
MODELS = ("tiny-chat", "tiny-embed", "tiny-rerank", "tiny-slow")
PIXEL = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f"
    b"\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75\x81\x84\x00\x00"
    b"\x00\x00IEND\xaeB`\x82"
).decode()
TOOL: Any = {
    "type": "function",
    "function": {"name": "add", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    need(
        importlib.util.find_spec("xllamacpp") is not None,
        "the engine is not installed (pip install 'llamadash[engine]')",
    )
    with site(tmp_path_factory.mktemp("clients"), MODELS) as found:
        yield found


# ---------------------------------------------------------------- OpenAI's
@pytest.fixture
def gpt(here: Site) -> Iterator[openai.OpenAI]:
    # It sends its key always: one of no key is refused, as everywhere.
    with openai.OpenAI(base_url=f"{here.address}/v1", api_key=key(here), max_retries=0) as client:
        yield client


_keys: dict[Site, str] = {}


def key(here: Site) -> str:
    """One for all tests of a site: each costs a second."""
    if here not in _keys:
        _keys[here] = here.new_key("infer", "read")
    return _keys[here]


HI: Any = [{"role": "user", "content": "hi"}]


def test_openai_s_client_chats(gpt: openai.OpenAI) -> None:
    said = gpt.chat.completions.create(model="tiny-chat", messages=HI)
    assert said.choices[0].message.content == ANSWER
    assert said.usage is not None
    assert said.usage.completion_tokens == 18


def test_openai_s_client_streams_a_chat(gpt: openai.OpenAI) -> None:
    options: Any = {"include_usage": True}
    stream = gpt.chat.completions.create(
        model="tiny-chat", messages=HI, stream=True, stream_options=options
    )
    pieces = list(stream)
    texts = [each.choices[0].delta.content or "" for each in pieces if each.choices]
    assert "".join(texts) == ANSWER
    assert pieces[-1].usage is not None


def test_openai_s_client_completes_a_text(gpt: openai.OpenAI) -> None:
    said = gpt.completions.create(model="tiny-chat", prompt="hi", max_tokens=3)
    assert said.usage is not None
    assert said.usage.completion_tokens == 3


@pytest.mark.parametrize("stream", [False, True])
def test_a_question_with_tools_is_answered(gpt: openai.OpenAI, stream: bool) -> None:
    """The tiny model calls none: the answer must come all the same."""
    asked: Any = {"model": "tiny-chat", "messages": HI, "tools": [TOOL], "max_tokens": 8}
    said: Any = gpt.chat.completions.create(**asked, stream=stream)
    choices = [each.choices[0] for each in said if each.choices] if stream else said.choices
    assert choices[-1].finish_reason in ("stop", "length", "tool_calls")


@pytest.mark.parametrize("form", ["float", "base64"])
def test_openai_s_client_embeds(gpt: openai.OpenAI, form: Any) -> None:
    said = gpt.embeddings.create(model="tiny-embed", input=["a", "b"], encoding_format=form)
    assert [len(each.embedding) for each in said.data] in ([64, 64], [344, 344])


def test_openai_s_client_gets_a_response(gpt: openai.OpenAI) -> None:
    assert gpt.responses.create(model="tiny-chat", input="hi").output_text == ANSWER


def test_openai_s_client_streams_a_response(gpt: openai.OpenAI) -> None:
    stream = gpt.responses.create(model="tiny-chat", input="hi", stream=True)
    kinds = [event.type for event in stream]
    assert kinds[-1] == "response.completed"
    assert "response.output_text.delta" in kinds


def test_openai_s_client_ranks_by_a_raw_question(gpt: openai.OpenAI) -> None:
    asked = {"model": "tiny-rerank", "query": "a", "documents": ["a", "b"]}
    said: Any = gpt.post("/rerank", body=asked, cast_to=object)
    assert len(said["results"]) == 2


def test_openai_s_client_lists_models(gpt: openai.OpenAI) -> None:
    assert {model.id for model in gpt.models.list()} == set(MODELS)
    assert gpt.models.retrieve("tiny-chat").id == "tiny-chat"


def test_openai_s_client_raises_what_it_means(here: Site, gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="tiny-chat"):
        gpt.chat.completions.create(model="tiny-chatt", messages=HI)
    with pytest.raises(openai.NotFoundError):
        gpt.models.retrieve("nobody")
    with pytest.raises(openai.BadRequestError):
        gpt.chat.completions.create(model="tiny-chat", messages=HI, n=1_000)
    with pytest.raises(openai.AuthenticationError):
        gpt.with_options(api_key="ld_wrong").models.list()
    with pytest.raises(openai.PermissionDeniedError):
        gpt.with_options(base_url=here.address).get("/unload", cast_to=object)


def test_openai_s_client_is_told_when_to_come_again(here: Site) -> None:
    """A key of one request a minute."""
    text = here.new_key("infer")
    limit = "UPDATE proxy_app_apikey SET requests_per_minute = 1 WHERE public_id = ?"
    here.write(limit, text.split("_")[1])
    with openai.OpenAI(base_url=f"{here.address}/v1", api_key=text, max_retries=0) as client:
        client.chat.completions.create(model="tiny-chat", messages=HI, max_tokens=1)
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(model="tiny-chat", messages=HI, max_tokens=1)
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60


@pytest.mark.parametrize("stream", [False, True])
def test_a_picture_for_a_model_that_sees_none_is_a_clear_error(
    gpt: openai.OpenAI, stream: bool
) -> None:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    messages: Any = [{"role": "user", "content": [{"type": "text", "text": "what?"}, picture]}]
    with pytest.raises(openai.APIStatusError, match="image") as caught:
        list(gpt.chat.completions.create(model="tiny-chat", messages=messages, stream=stream))
    assert caught.value.status_code == 400


# ---------------------------------------------------------------- Anthropic's
@pytest.fixture
def claude(here: Site) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=here.address, api_key=key(here), max_retries=0) as client:
        yield client


def test_anthropic_s_client_gets_a_message(claude: anthropic.Anthropic) -> None:
    said = claude.messages.create(model="tiny-chat", max_tokens=30, messages=HI)
    assert [block.text for block in said.content if block.type == "text"] == [ANSWER]
    assert (said.stop_reason, said.usage.output_tokens) == ("end_turn", 18)


def test_anthropic_s_client_streams_a_message(claude: anthropic.Anthropic) -> None:
    with claude.messages.stream(model="tiny-chat", max_tokens=30, messages=HI) as stream:
        assert "".join(stream.text_stream) == ANSWER
        assert stream.get_final_message().stop_reason == "end_turn"


def test_anthropic_s_client_counts_tokens(claude: anthropic.Anthropic) -> None:
    assert claude.messages.count_tokens(model="tiny-chat", messages=HI).input_tokens > 0


def test_anthropic_s_client_lists_models(claude: anthropic.Anthropic) -> None:
    assert {model.id for model in claude.models.list()} == set(MODELS)


def test_anthropic_s_client_raises_what_it_means(claude: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.create(model="nobody", max_tokens=1, messages=HI)
    with pytest.raises(anthropic.AuthenticationError):
        claude.with_options(api_key="ld_wrong").messages.create(
            model="tiny-chat", max_tokens=1, messages=HI
        )
    with pytest.raises(anthropic.BadRequestError):
        claude.messages.create(model="tiny-chat", max_tokens=-5, messages=HI)


# ---------------------------------------------------------------- Ollama's
@pytest.fixture
def llama(here: Site) -> Iterator[ollama.Client]:
    with ollama.Client(here.address) as client:  # it has no key
        yield client


def test_ollama_s_client_chats(llama: ollama.Client) -> None:
    said = llama.chat("tiny-chat", messages=HI)
    assert (said.message.content, said.eval_count) == (ANSWER, 18)
    assert said.total_duration


def test_ollama_s_client_streams_a_chat(llama: ollama.Client) -> None:
    pieces = list(llama.chat("tiny-chat", messages=HI, stream=True))
    assert "".join(each.message.content or "" for each in pieces) == ANSWER
    assert pieces[-1].done_reason == "stop"


def test_ollama_s_client_generates(llama: ollama.Client) -> None:
    options = {"num_predict": 4}
    said = llama.generate("tiny-chat", "hi", options=options)
    assert (said.response, said.done_reason) == ("Hello! I am", "length")
    pieces = llama.generate("tiny-chat", "hi", stream=True, options=options)
    assert "".join(each.response or "" for each in pieces) == "Hello! I am"


def test_ollama_s_client_embeds(llama: ollama.Client) -> None:
    many = llama.embed("tiny-embed", ["a", "b"])
    assert [len(vector) for vector in many.embeddings] == [64, 64]
    one = llama.embeddings("tiny-embed", "a")
    assert list(one.embedding) == pytest.approx(list(many.embeddings[0]), abs=1e-3)


def test_ollama_s_client_lists_and_shows(llama: ollama.Client) -> None:
    llama.chat("tiny-chat", messages=HI, options={"num_predict": 1})
    assert {model.model for model in llama.list().models} == set(MODELS)
    assert "tiny-chat" in {model.model for model in llama.ps().models}
    shown = llama.show("tiny-chat")
    assert "completion" in (shown.capabilities or [])
    assert shown.modelinfo is not None
    architecture = shown.modelinfo["general.architecture"]
    assert shown.modelinfo[f"{architecture}.context_length"]


def test_ollama_s_client_raises_what_it_means(llama: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="no model") as caught:
        llama.chat("nobody", messages=HI)
    assert caught.value.status_code == 404
    with pytest.raises(ollama.ResponseError) as refused:
        llama.embed("tiny-embed", [])
    assert refused.value.status_code == 400


# ---------------------------------------------------------------- llama-swap's
def events(feed: Any) -> Iterator[dict[str, Any]]:
    for line in feed:
        if line.startswith(b"data:"):
            yield json.loads(line[5:])


def test_events_begin_with_what_there_is_and_go_on_with_what_happens(here: Site) -> None:
    here.chat()
    with closing(HTTPConnection("127.0.0.1", here.port, timeout=30)) as connection:
        connection.request("GET", "/api/events")
        told = events(connection.getresponse())
        first = dropwhile(lambda each: each["type"] == "logData", told)
        kinds = [each["type"] for each in islice(first, 4)]
        assert kinds == ["modelStatus", "uiConfig", "profileChanged", "inflight"]
        here.chat()
        written = next(each for each in told if each["type"] == "activity")
        number = json.loads(written["data"])["id"]
        assert here.rows("SELECT path FROM proxy_app_requestrecord WHERE id = ?", number)


def test_the_logs_of_engines_are_streamed_as_text(here: Site) -> None:
    here.chat()
    with closing(HTTPConnection("127.0.0.1", here.port, timeout=30)) as connection:
        connection.request("GET", "/logs/stream/tiny-chat?no-history")
        stream = connection.getresponse()
        assert stream.headers["content-type"] == "text/plain; charset=utf-8"
        here.chat()
        assert b"slot" in next(line for line in stream if b"slot" in line)
    assert b"slot" in here.ask("/logs").body
    assert here.ask("/logs/stream/proxy").status == 403
    assert here.ask("/logs/stream/nobody").status == 400


def test_upstream_leads_to_what_an_engine_says_of_itself(here: Site) -> None:
    here.chat()
    assert here.ask("/upstream/tiny-chat/health").json() == {"status": "ok"}
    assert b"llamacpp:" in here.ask("/upstream/tiny-chat/metrics").body
    assert "model_path" not in here.ask("/upstream/tiny-chat/props").json()
    assert here.ask("/upstream/tiny-chat/slots/0").status == 404
    assert here.ask("/upstream/tiny-chat/slots", {}).status == 405


def test_a_version_is_told_as_ollama_s_and_llama_swap_s_clients_want_it(here: Site) -> None:
    said = here.ask("/api/version").json()
    assert set(said) >= {"version", "commit", "build_date"}
    assert [int(part) for part in said["version"].split(".")]


# ---------------------------------------------------------------- llama.cpp's router
def test_the_feed_of_models_tells_of_a_load_in_its_order(here: Site) -> None:
    with closing(HTTPConnection("127.0.0.1", here.port, timeout=60)) as connection:
        connection.request("GET", "/models/sse")
        told = (each for each in events(connection.getresponse()) if each["model"] == "tiny-slow")
        assert here.ask("/models/load", {"model": "tiny-slow"}).json() == {"success": True}
        first = next(told)
        assert (first["event"], first["data"]["status"]) == ("model_status", "loading")
        later = next(each for each in told if each["data"]["status"] != "loading")
        assert (later["event"], later["data"]["status"]) == ("status_change", "loaded")
    here.ask("/models/unload", {"model": "tiny-slow"})


@pytest.mark.parametrize("query", ["?reload=1", "?reload=%00", "?limit=1&after=x", "?" + "a&" * 40])
def test_parameters_of_the_list_change_nothing(here: Site, query: str) -> None:
    listed = here.ask(f"/models{query}")
    assert {each["id"] for each in listed.json()["data"]} == set(MODELS)
    each = listed.json()["data"][0]
    assert datetime.fromisoformat(each["created_at"]).timestamp() == each["created"]
