from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from logs_app import memory


@pytest.fixture(autouse=True)
def _logs_of_its_own(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.DATA_DIR = tmp_path
    memory.forget()
    yield
    memory.forget()
