from __future__ import annotations

import ast
import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamadash.logs import ConsoleFormatter, JsonFormatter, set_levels

SOURCES = [
    path
    for app in ("llamadash", "agent_app", "models_app", "metrics_app", "logs_app", "settings_app")
    for path in sorted((Path(__file__).parents[3] / app).rglob("*.py"))
]
LOG_CALLS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
DUMPS = {"dumps", "repr", "str", "vars", "dict", "model_to_dict", "asdict", "pformat", "format"}


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("models_app.scanning", logging.INFO, "x.py", 1, message, args, None)


@given(st.text())
def test_whatever_is_logged_stays_on_one_console_line(text: str) -> None:
    line = ConsoleFormatter().format(record("file %s", text))
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


@given(st.text())
def test_whatever_is_logged_is_one_json_object(text: str) -> None:
    line = JsonFormatter().format(record("file %s", text))
    assert "\n" not in line
    assert json.loads(line)["logger"] == "models_app.scanning"


def test_a_json_line_has_level_time_and_message() -> None:
    entry = json.loads(JsonFormatter().format(record("read %d files", 3)))
    assert entry["message"] == "read 3 files"
    assert entry["level"] == "INFO"
    assert entry["at"].endswith("Z")


def test_a_level_that_is_taken_back_follows_the_parent_again() -> None:
    logger = logging.getLogger("models_app.under_test")
    set_levels({"models_app.under_test": "DEBUG"})
    assert logger.level == logging.DEBUG
    set_levels({})
    assert logger.level == logging.NOTSET


class Lazy:
    def __str__(self) -> str:
        raise AssertionError("formatted although the level is off")


def test_an_argument_of_a_switched_off_call_is_never_formatted() -> None:
    logger = logging.getLogger("models_app.switched_off")
    logger.setLevel(logging.WARNING)
    logger.debug("expensive %s", Lazy())


def log_calls(tree: ast.AST) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LOG_CALLS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "logger"
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_log_call_dumps_a_whole_object(path: Path) -> None:
    for call in log_calls(ast.parse(path.read_text())):
        for argument in call.args[1:]:
            if isinstance(argument, ast.Call):
                name = getattr(argument.func, "attr", getattr(argument.func, "id", ""))
                assert name not in DUMPS, f"{path.name}:{call.lineno}"
