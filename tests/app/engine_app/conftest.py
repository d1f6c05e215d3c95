from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings

from models_app.memory import capacity
from models_app.models import LlamaModel
from tests.fakes.machine import roomy
from tests.fakes.supervised import Orders, demo_model


@pytest.fixture(autouse=True)
def roomy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "_source", roomy)


@pytest.fixture
def tiny(tmp_path: Path) -> LlamaModel:
    return demo_model(tmp_path / "models")


@pytest.fixture
def orders(tmp_path: Path, settings: LazySettings) -> Orders:
    """What the engine of this test is told to do: it is the misbehaving one."""
    found = Orders(tmp_path / "orders")
    settings.LLAMA_SERVER_BIN = found.program
    return found
