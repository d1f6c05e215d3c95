"""llama-server's flags as the embedded engine reads them: by the table, and by llama.cpp itself."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from engine_app.child_environment import environment
from engine_app.core.help_text import parse_help
from engine_app.embedded.arguments import table_parse
from engine_app.embedded.native import native_parse
from engine_app.embedded.package import Package, PackageMissing, _remedy, load_package
from engine_app.embedded.table import BY_NAME, help_text
from tests.requirements_here import need

WORDS = [
    *("-m", "/m/a.gguf", "--alias", "a,b", "--host", "127.0.0.1", "--port", "18100"),
    *("-c", "4096", "-np", "2", "--threads", "3", "--metrics", "--no-slots", "--no-ui"),
    *("--sse-ping-interval", "1", "--embeddings", "--pooling", "mean", "--no-warmup"),
]


@pytest.fixture(scope="module")
def package() -> Package:
    need(importlib.util.find_spec("xllamacpp") is not None, "the engine is not installed")
    return load_package()


def read(params: Any) -> dict[str, Any]:
    return {
        "model": params.model.path,
        "alias": set(params.model_alias),
        "hosts": list(params.hostnames),
        "port": params.port,
        "context": params.n_ctx,
        "slots": params.n_parallel,
        "threads": params.cpuparams.n_threads,
        "metrics": params.endpoint_metrics,
        "offers_slots": params.endpoint_slots,
        "ui": params.ui,
        "ping": params.sse_ping_interval,
        "embedding": params.embedding,
        "pooling": params.pooling_type,
        "warmup": params.warmup,
    }


def test_both_parsers_read_the_same(package: Package) -> None:
    native = native_parse(package)
    need(native is not None, "llama.cpp's own parser is trusted on Linux x86_64 only")
    assert native is not None
    one, other = package.module.CommonParams(), package.module.CommonParams()
    assert native(one, WORDS) and table_parse(package)(other, WORDS)
    assert read(one) == read(other)
    assert read(one)["alias"] == {"a", "b"} and read(one)["context"] == 4096


def test_the_environment_can_ask_for_the_table(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDED_ENGINE_PARSER", "table")
    assert native_parse(package) is None


def test_a_package_of_another_version_is_not_trusted_with_its_memory(package: Package) -> None:
    other = SimpleNamespace(__version__="2027.1.1", CommonParams=package.module.CommonParams)
    assert native_parse(Package(other, package.extension)) is None


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--nonsense"], "invalid argument: --nonsense"),
        (["--nonsense=1"], "invalid argument: --nonsense"),
        (["--port"], "expected value for argument --port"),
        (["--port", "x"], 'error while handling argument "--port"'),
        (["--pooling", "wild"], 'error while handling argument "--pooling"'),
    ],
)
def test_the_table_complains_in_llama_servers_words(
    package: Package, capsys: pytest.CaptureFixture[str], words: Sequence[str], complaint: str
) -> None:
    assert not table_parse(package)(package.module.CommonParams(), words)
    assert complaint in capsys.readouterr().err


def test_the_help_of_the_table_names_every_flag_for_those_who_read_it() -> None:
    known = parse_help(help_text())
    assert set(known) == set(BY_NAME)
    assert known["--ctx-size"].hint == "N" and known["--metrics"].hint == ""


def test_what_is_missing_is_named() -> None:
    assert "apt install libgomp1" in _remedy(ImportError("libgomp.so.1: cannot open"))
    assert "llamadash[engine]" in _remedy(ModuleNotFoundError("No module named 'xllamacpp'"))
    assert issubclass(PackageMissing, Exception)


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--version"], 0, "version: "),
        (["--help"], 0, "--ctx-size"),
        (["--nonsense"], 1, "invalid argument"),
        (["--port", "0"], 1, "no --model"),
        (["-m", "/nowhere.gguf", "--port", "0"], 1, "No such file"),
    ],
)
def test_the_program_ends_as_llama_server_does(
    package: Package, words: Sequence[str], code: int, expected: str
) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "engine_app.embedded", *words],
        env=environment(library_path=False, embedded=True),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert found.returncode == code
    assert expected in found.stdout + found.stderr


def test_the_program_knows_nothing_of_django(package: Package) -> None:
    code = (
        "import sys; import engine_app.embedded.__main__;"
        "print([n for n in sys.modules if n.startswith(('django', 'llamadash', 'models_app'))])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(library_path=False, embedded=True),
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "[]\n"
