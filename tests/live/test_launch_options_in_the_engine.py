"""The list of launch options against the engine that is installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from engine_app.core.allow_list import AllowList, Refused, bare
from engine_app.core.argv import launch_argv
from engine_app.core.flag_kinds import Choice, Flag, Integer, Number, Sequence, Switch, Value
from engine_app.core.flags import FLAGS
from engine_app.core.help_text import KnownFlag, parse_help
from engine_app.core.refused_flags import REFUSED
from engine_app.core.registered import Registered
from tests.requirements_here import need

pytestmark = pytest.mark.engine

ENGINE: Final = [sys.executable, "-m", "engine_app.embedded"]
OF_OLDER_BUILDS: Final = {"mmap", "mlock"}
WORDS: Final = {"device": "none", "tensor-split": "3,1", "fit-target": "512"}
# Switches the engine refuses together with others of the list.
APART: Final = {"reranking"}


@pytest.fixture(scope="module")
def known() -> dict[str, KnownFlag]:
    need(importlib.util.find_spec("xllamacpp") is not None, "the engine is not installed")
    told = run("--help")
    found = parse_help(told.stdout)
    need(len(found) > 200, "the engine's own parser cannot be used on this machine")
    return found


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LLAMA")}
    return subprocess.run(
        [*ENGINE, *flags], capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def test_the_engine_knows_what_is_listed(known: dict[str, KnownFlag]) -> None:
    listed = {s for flag in FLAGS.values() for s in (*flag.spellings, *flag.opposites)}
    unknown = {bare(spelling) for spelling in listed if spelling not in known}
    assert unknown <= OF_OLDER_BUILDS | {"no-mmap"}


def test_no_spelling_of_the_engine_means_something_else_here(known: dict[str, KnownFlag]) -> None:
    allowed = AllowList()
    for spelling, flag in known.items():
        try:
            found = allowed.find(spelling)
        except Refused:
            continue
        assert set(flag.names) <= {*found.flag.spellings, *found.flag.opposites}


def test_all_the_engines_dangerous_words_are_known_by_name(known: dict[str, KnownFlag]) -> None:
    risky = ("PATH", "FNAME", "FILE", "DIR", "URL", "TOKEN", "KEY")
    allowed = AllowList()
    for spelling, flag in known.items():
        if flag.hint.split(",")[0] in risky or "download" in flag.help:
            if bare(spelling) in NAMED_BY_NUMBER:
                continue
            assert bare(spelling) in REFUSED, spelling
            with pytest.raises(Refused):
                allowed.find(spelling)


def sample(flag: Flag) -> Value:
    if isinstance(flag, Switch):
        return True
    if isinstance(flag, Choice):
        return flag.choices[0]
    if isinstance(flag, Registered):
        return flag.parse("1:0.5,2" if flag.scaled else 1)
    if isinstance(flag, Sequence):
        return WORDS.get(flag.name, flag.separator.join(flag.choices[:2]))
    assert isinstance(flag, (Integer, Number))
    return max(1, int(flag.least))


# Files of the registry, which options name by their numbers there.
NAMED_BY_NUMBER = {
    bare(spelling)
    for flag in FLAGS.values()
    if isinstance(flag, Registered)
    for spelling in flag.spellings
}


def test_the_engine_takes_every_listed_option(known: dict[str, KnownFlag], tmp_path: Path) -> None:
    left_out = OF_OLDER_BUILDS | APART
    options = {name: sample(flag) for name, flag in FLAGS.items() if name not in left_out}
    words = launch_argv(
        [],
        model_path=tmp_path / "missing.gguf",
        alias="sample",
        port=1,
        options=options | {"ctx-size": 4096, "verbosity": 3},
        mmproj_path=None,
        knows=known.__contains__,
        files={1: tmp_path / "one.gguf", 2: tmp_path / "two.gguf"},
    )
    ended = run(*words)
    # It goes as far as the model, which is not there: no option was refused.
    assert ended.returncode == 1
    assert "missing.gguf" in ended.stderr + ended.stdout
    assert "invalid argument" not in ended.stderr
    assert "error while handling argument" not in ended.stderr
