"""Whatever somebody imports: a plan that can be shown, or one of the declared errors."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import hypothesis
import pytest
from django.db import transaction
from django.test import Client
from hypothesis import strategies as st

from engine_app.core.imported import ImportedError
from engine_app.preset_editing import PresetError
from engine_app.preset_import import apply, plan
from tests.factories import make_model

pytestmark = pytest.mark.django_db
modestly = hypothesis.settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
words = st.sampled_from([
    "models", "cmd", "macros", "name", "options", "model", "routerConfig", "ctxSize", "ctx-size",
    "temp", "lora", "spec-draft-model", "aliases", "ttl", "filters", "setParams", "stripParams",
    "hooks", "on_startup", "preload", "groups", "members", "persistent", "globalTTL", "left_out",
    "llama-server -m /srv/a.gguf -c 512", "${a}", "*", "a", "-1", "true", "/srv/a.gguf", "notes",
    "is_default", "env", "description",
])  # fmt: skip
odd = st.sampled_from([
    "\ud800", "\ud800.gguf", "/\ud800", "\0", "\u202e", "x" * 5000, "[*]", "\n", "1" * 4000, "",
])  # fmt: skip
scalars = st.one_of(
    words, odd, st.text(max_size=5), st.integers(), st.floats(), st.none(), st.booleans(),
    st.just(10**4200),
)  # fmt: skip
scraps = st.text(alphabet="[]=;#*\"'\\ -cm\n$|\ud800", max_size=8)
things = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(words, odd), inner, max_size=5)
    ),
    max_leaves=25,
)


def imported(text: str) -> None:
    """As the page and the command do it; what an importer may raise is declared."""
    with suppress(ImportedError, PresetError), transaction.atomic():
        wanted = plan(text)
        repr(wanted).encode()  # it can be shown
        apply(wanted)


@modestly
@hypothesis.given(st.one_of(st.lists(st.dictionaries(words, things), max_size=3), things))
def test_any_json(data: Any) -> None:
    options = [{"name": "a", "options": {"temp": data}, "notes": data}]
    for said in (data, {"routerConfig": data}, options):
        imported(json.dumps(said))


@modestly
@hypothesis.given(things, st.dictionaries(words, things, max_size=6), things)
def test_any_yaml(name: Any, model: dict[str, Any], macros: Any) -> None:
    key = name if isinstance(name, str) else "a"
    models = {key: {"cmd": "llama-server -c 512 ${a}"} | model, "b": model}
    data = {"models": models, "macros": macros, "hooks": name, "groups": macros, "apiKeys": name}
    # YAML holds JSON; and looks like a configuration by its first line.
    body = {k: json.dumps(v) for k, v in data.items()}
    imported("".join(f"{k}: {v}\n" for k, v in body.items()))


@modestly
@hypothesis.given(st.lists(st.one_of(words, odd, scraps)))
def test_any_lines(parts: list[str]) -> None:
    for text in ("[x]\n" + "".join(parts), "llama-server " + " ".join(parts), " = ".join(parts),
                 "models:\n  cmd" + " ".join(parts)):  # fmt: skip
        imported(text)


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "a\\ud800", "model": "/\\ud800", "options": {"\\ud800": 1}}]',
        '[{"name": "a", "notes": "\\ud800", "left_out": {"\\ud800": "\\ud800"}, "options": {}}]',
        '[{"name": "a", "model": "\\ud800", "options": {"lora": "\\ud800", "temp": [1], "c": 1}}]',
        'models: {"\\ud800": {cmd: "llama-server -c 1 -m /\\ud800", aliases: ["\\ud800"]}}',
        "models: {a: {cmd: 'llama-server -c ${n}'}}\nmacros: {n: 0x" + "f" * 20_000 + "}",
        '{"ctxSize": ' + "9" * 4000 + "}",
        "[x]\nmodel = /" + "a" * 5000 + "\ntemp = " + "9" * 5000,
    ],
)
def test_what_once_was_answered_with_an_error_of_the_server(
    admin_client: Client, text: str
) -> None:
    make_model("a", path="/srv/a.gguf")
    for action in ("show", "import"):
        answer = admin_client.post("/presets/import/", {"text": text, "action": action})
        assert answer.status_code in (200, 302, 422)


def test_near_names_are_looked_for_a_few_times_only() -> None:
    lines = "".join(f"tempp{n:03d} = 1\nthreadz{n:03d} = 1\n" for n in range(200))
    (planned,) = plan(f"[x]\n{lines}temp = 1\n").presets
    hints = ["did you mean" in left.why for left in planned.left_out]
    assert len(hints) == 400
    assert sum(hints) <= 20
