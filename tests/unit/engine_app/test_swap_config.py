"""Configurations of llama-swap."""

from __future__ import annotations

import pytest

from engine_app.core.allow_list import AllowList
from engine_app.core.imported import Filters, ImportedError, Serving
from engine_app.core.swap_config import expanded, looks_like_swap, read_swap

ALLOWED = AllowList()
FILE = """\
healthCheckTimeout: 60
macros:
  server: llama-server --port ${PORT} --no-mmap
  folder: /srv/models
models:
  coder:
    cmd: |
      # the usual
      ${server} -m ${folder}/coder.gguf \\
        -c 32768 -ngl ${layers} --alias ${MODEL_ID}
    macros:
      layers: 99
    ttl: 300
    aliases: [code]
  broken:
    proxy: http://127.0.0.1:9999
  secret:
    cmd: llama-server -m ${env.HOME}/x.gguf --api-key k
"""


def test_commands_become_presets_with_their_macros_put_in() -> None:
    coder = read_swap(FILE, ALLOWED).presets[0]
    assert (coder.name, coder.alias) == ("coder", "coder")
    assert coder.model_path == "/srv/models/coder.gguf"
    assert coder.options == {"ctx-size": 32_768, "mmap": False, "n-gpu-layers": 99}
    assert [left.what for left in coder.left_out] == ["--port"]
    assert (coder.serving.idle_seconds, coder.serving.aliases) == (300, ["code"])


def test_what_is_not_taken_is_said() -> None:
    file = read_swap(FILE, ALLOWED)
    presets = file.presets
    assert [left.what for left in file.left_out] == ["healthCheckTimeout"]
    assert "no command" in presets[1].left_out[0].why
    assert {left.what for left in presets[2].left_out} == {"--api-key", "${env.HOME}"}


def test_macros_may_be_a_list_and_name_each_other() -> None:
    macros = "macros:\n- one: -c 512\n- two: ${one} -t 2\n"
    text = macros + "models:\n  a:\n    cmd: llama-server ${two}\n"
    assert read_swap(text, ALLOWED).presets[0].options == {"ctx-size": 512, "threads": 2}


def test_macros_that_name_themselves_end() -> None:
    command, unknown = expanded("${a}", {"a": "${a}${a}"})
    assert len(command) < 100_000
    assert unknown == ["a"]


def nested(depth: int) -> str:
    lines = ["a0: &a0 {k: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, depth)]
    return "\n".join([*lines, "models: {}", ""])


def test_aliases_may_stand_for_each_other_a_little() -> None:
    assert read_swap(nested(4), ALLOWED).presets == []
    with pytest.raises(ImportedError, match="unfold"):
        read_swap(nested(40), ALLOWED)


WHOLE = """\
apiKeys: [sk-secret-1, sk-secret-2]
globalTTL: 60
logLevel: debug
peers: {other: {proxy: "http://x", apiKey: sk-secret-3, models: [m]}}
hooks: {on_startup: {preload: [code, gone]}, on_stop: {run: x}}
groups: {main: {persistent: true, members: [coder, gone]}, rest: {swap: true, members: [chat]}}
models:
  coder:
    cmd: llama-server -m /m.gguf
    name: Coder
    description: writes code
    aliases: [code, gpt-4o]
    ttl: 0
    env: ["HF_TOKEN=sk-secret-4"]
    proxy: http://127.0.0.1:1
    concurrencyLimit: 4
    filters:
      stripParams: "temperature, top_p"
      setParams: {seed: 1, stop: [a], when: 2001-01-01}
      setParamsByID: {gpt-4o: {seed: 2}}
      odd: 1
  chat:
    cmd: llama-server -m /c.gguf
    ttl: never
"""


def test_all_that_is_said_of_a_model_is_kept_or_named() -> None:
    file = read_swap(WHOLE, ALLOWED)
    coder, chat = file.presets
    assert coder.serving == Serving(["code", "gpt-4o"], idle_seconds=0, preload=True, pinned=True)
    assert coder.filters == Filters(("temperature", "top_p"), {"seed": 1, "stop": ["a"]})
    assert coder.notes == "Coder\nwrites code"
    assert [left.what for left in coder.left_out] == [
        "filters.setParams.when", "filters.setParamsByID.gpt-4o", "filters.odd",
        "env.HF_TOKEN", "proxy", "concurrencyLimit",
    ]  # fmt: skip
    assert chat.serving == Serving()
    assert [left.what for left in chat.left_out] == ["ttl"]


def test_all_else_of_the_file_is_named_and_no_secret_is_repeated() -> None:
    file = read_swap(WHOLE, ALLOWED)
    assert [left.what for left in file.left_out] == [
        "hooks.on_startup.preload: gone", "hooks.on_stop.run", "groups.main: gone", "groups.main",
        "groups.rest", "apiKeys", "logLevel", "peers.other",
    ]  # fmt: skip
    assert "createapikey" in next(each.why for each in file.left_out if each.what == "apiKeys")
    assert "sk-secret" not in str(file)


def test_routers_of_newer_files_are_read_like_groups() -> None:
    text = """\
models: {a: {cmd: llama-server -c 512}}
routing:
  router:
    settings: {groups: {g: {persistent: true, members: [a]}}, matrix: {sets: {x: a}}}
  scheduler: {use: fifo}
"""
    file = read_swap(text, ALLOWED)
    assert file.presets[0].serving.pinned
    assert [left.what for left in file.left_out] == [
        "groups.g", "routing.router.matrix", "routing.scheduler",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "models: [",
        "models:\n  - a\ncmd: x",
        "- models",
        "models: !!python/object/apply:os.system [id]",
        "[" * 3000,
        "models:\n" + "".join(f"  m{n}: {{cmd: x}}\n" for n in range(600)),
        "\0",
        "macros: {a: 0x" + "f" * 20_000 + "}\nmodels: {a: {cmd: x}}",
        "models: {a: {cmd: x, ttl: 1" + ":59" * 9_000 + "}}",
        "models: &a\n  x: *a\n",
        "models: {a: {cmd: x}}\nx: 2001-99-99",
        "models: {[a]: {cmd: x}}",
    ],
    ids=[
        "open",
        "list",
        "no mapping",
        "object",
        "deep",
        "many",
        "nul",
        "hex",
        "time",
        "itself",
        "date",
        "key",
    ],
)
def test_what_is_no_such_file_is_refused_with_words(text: str) -> None:
    with pytest.raises(ImportedError) as caught:
        read_swap(text, ALLOWED)
    assert str(caught.value).endswith(".")


def test_such_a_file_is_told_from_others() -> None:
    assert looks_like_swap(FILE)
    assert not looks_like_swap("[models]\ncmd = x")
