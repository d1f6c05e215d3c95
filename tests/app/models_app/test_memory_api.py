from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from models_app.api.api_schemas import MemoryAnswer
from models_app.memory import capacity
from models_app.models import LlamaModel
from tests.devices import FakeDevice
from tests.factories import GIB, make_file, make_model

pytestmark = pytest.mark.django_db
MIB = 1 << 20
# Prints what llama-fit-params prints, and notes how it was called.
PROGRAM = """#!{python}
import pathlib, sys
pathlib.Path(__file__).with_name("calls").open("a").write(" ".join(sys.argv[1:]) + "\\n")
print("Host 4000 1000 300 ")
"""


@pytest.fixture(autouse=True)
def _ram_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(capacity, "_source", lambda: [FakeDevice("ram", "ram", 16 * GIB, 8 * GIB)])
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def model() -> LlamaModel:
    return make_model("Llama 3.1 8B")


def ask(client: Client, model: LlamaModel, query: str = "", status: int = 200) -> Any:
    response = client.get(f"/api/models/{model.pk}/memory/?{query}")
    assert response.status_code == status, response.content
    return response.json()


def install(folder: Path) -> Path:
    program = folder / "llama-fit-params"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    return folder / "calls"


def test_the_answer_says_what_fits_and_how_that_is_known(
    admin_client: Client, model: LlamaModel
) -> None:
    answer = ask(admin_client, model, "ctx=8192&parallel=2&cache_k=q8_0&cache_v=q8_0")
    MemoryAnswer.model_validate(answer)
    assert answer["source"] == "estimate"
    assert answer["options"]["parallel"] == 2
    assert answer["cache"]["bytes"] == 544 * MIB
    assert answer["fits"] is True and answer["verdict"] == "Yes, on RAM"
    parts = sum(answer[part]["bytes"] for part in ("weights", "cache", "compute"))
    assert parts == answer["total_bytes"] == answer["device_bytes"] + answer["host_bytes"]
    assert answer["largest_context"] > 8192
    assert answer["devices"][0]["free_bytes"] == 8 * GIB


def test_what_does_not_fit_is_short_by_a_number(admin_client: Client) -> None:
    answer = ask(admin_client, make_model("huge", size_bytes=40 * GIB))
    assert answer["fits"] is False
    assert answer["loads"][0]["short_bytes"] > 30 * GIB
    assert answer["largest_context"] is None


@pytest.mark.parametrize("query", ["ctx=abc", "parallel=0", "cache_v=x", "device=gpu9", "colour=1"])
def test_a_wrong_parameter_is_named(admin_client: Client, model: LlamaModel, query: str) -> None:
    error = ask(admin_client, model, query, 422)["error"]
    assert error["detail"][0]["where"] == ["query", query.partition("=")[0]]


def test_without_an_estimate_the_reason_is_given(admin_client: Client) -> None:
    model = make_model("dark", files=False)
    make_file(model, tensors=None)
    error = ask(admin_client, model, "", 409)["error"]
    assert error["message"].startswith("No estimate: ")


def test_llama_fit_params_is_asked_where_it_is_installed(
    admin_client: Client, model: LlamaModel, tmp_path: Path
) -> None:
    calls = install(tmp_path)
    answer = ask(admin_client, model, "ctx=8192")
    assert answer["source"] == "llama-fit-params"
    assert answer["weights"] == {"bytes": 4000 * MIB, "how_known": "says llama-fit-params"}
    assert answer["total_bytes"] == 5300 * MIB
    assert f"-m {model.path} -c 8192" in calls.read_text()


def test_it_is_asked_once_for_the_same_question(
    admin_client: Client, model: LlamaModel, tmp_path: Path
) -> None:
    calls = install(tmp_path)
    for query in ("ctx=8192", "ctx=8192", "ctx=4096"):
        ask(admin_client, model, query)
    assert len(calls.read_text().splitlines()) == 2


def test_where_both_disagree_the_weights_are_not_blamed(
    admin_client: Client, model: LlamaModel, tmp_path: Path
) -> None:
    """The program says 8.3 GiB of 8, the formula 5.3: fewer tokens may help, how many is open."""
    install(tmp_path)
    program = tmp_path / "llama-fit-params"
    program.write_text(program.read_text().replace("4000", "7200"))
    answer = ask(admin_client, model, "ctx=8192")
    assert answer["fits"] is False
    assert answer["warnings"][0].startswith("Only the context is too big")
    assert answer["largest_context"] is None


def test_a_program_that_fails_leaves_the_estimate(
    admin_client: Client, model: LlamaModel, tmp_path: Path
) -> None:
    install(tmp_path)
    (tmp_path / "llama-fit-params").write_text("#!/bin/false\n")
    assert ask(admin_client, model)["source"] == "estimate"


def test_the_page_answers_at_once_and_asks_the_program_afterwards(
    admin_client: Client, model: LlamaModel, tmp_path: Path
) -> None:
    calls = install(tmp_path)
    html = admin_client.get(f"/models/{model.pk}/").content.decode()
    assert "Asking llama-fit-params" in html and not calls.exists()
    exact = admin_client.get(f"/models/{model.pk}/?exact=1", headers={"HX-Request": "true"})
    assert "figures from llama-fit-params" in exact.content.decode()
    assert calls.exists()
