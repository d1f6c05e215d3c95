"""Configurations of llama-swap."""

from __future__ import annotations

import pytest

from engine_app.core.allow_list import AllowList
from engine_app.core.imported import ImportedError
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
    presets, _ = read_swap(FILE, ALLOWED)
    coder = presets[0]
    assert (coder.name, coder.alias) == ("coder", "coder")
    assert coder.model_path == "/srv/models/coder.gguf"
    assert coder.options == {"ctx-size": 32_768, "mmap": False, "n-gpu-layers": 99}
    assert [left.what for left in coder.left_out] == ["--port", "ttl"]


def test_what_is_not_taken_is_said() -> None:
    presets, left_out = read_swap(FILE, ALLOWED)
    assert [left.what for left in left_out] == ["healthCheckTimeout"]
    assert "no command" in presets[1].left_out[0].why
    assert {left.what for left in presets[2].left_out} == {"--api-key", "${env.HOME}"}


def test_macros_may_be_a_list_and_name_each_other() -> None:
    macros = "macros:\n- one: -c 512\n- two: ${one} -t 2\n"
    text = macros + "models:\n  a:\n    cmd: llama-server ${two}\n"
    assert read_swap(text, ALLOWED)[0][0].options == {"ctx-size": 512, "threads": 2}


def test_macros_that_name_themselves_end() -> None:
    command, unknown = expanded("${a}", {"a": "${a}${a}"})
    assert len(command) < 100_000
    assert unknown == ["a"]


def nested(depth: int) -> str:
    lines = ["a0: &a0 {k: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, depth)]
    return "\n".join([*lines, "models: {}", ""])


def test_merge_keys_of_merge_keys_take_no_room() -> None:
    assert read_swap(nested(40), ALLOWED)[0] == []


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
    ],
    ids=["open", "list", "no mapping", "object", "deep", "many", "nul"],
)
def test_what_is_no_such_file_is_refused_with_words(text: str) -> None:
    with pytest.raises(ImportedError) as caught:
        read_swap(text, ALLOWED)
    assert str(caught.value).endswith(".")


def test_such_a_file_is_told_from_others() -> None:
    assert looks_like_swap(FILE)
    assert not looks_like_swap("[models]\ncmd = x")
