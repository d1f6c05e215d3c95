"""One line a record, for people (console) or for machines (JSON).

Log text may hold file names, metadata and request data: control characters are taken out, so that
nothing in it can forge a second line or steer a terminal.
"""

from __future__ import annotations

import json
import logging
import re
import time
from typing import Any, Final

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
MAX_MESSAGE: Final = 8192
FORMATS: Final = ("console", "json")
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def one_line(text: str) -> str:
    return _CONTROL.sub("\ufffd", text[:MAX_MESSAGE])


class ConsoleFormatter(logging.Formatter):
    """`12:01:02.345 INFO models_app.scanning: message`; a traceback follows indented."""

    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        head = f"{clock}.{int(record.msecs):03d} {record.levelname} {record.name}: "
        text = head + one_line(record.getMessage())
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            text += "".join(f"\n    {one_line(line)}" for line in trace.splitlines())
        return text


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message and, after a failure, trace."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        entry: dict[str, Any] = {
            "at": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": one_line(record.getMessage()),
        }
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)[:MAX_MESSAGE]
        return json.dumps(entry, ensure_ascii=False)


def as_one_warning(record: logging.LogRecord) -> bool:
    """A filter for what strangers can cause at will: no traceback, and not an error of ours."""
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    record.exc_info = record.exc_text = None
    return True


def without_trace_of_mistakes(record: logging.LogRecord) -> bool:
    """A filter for answers that callers have earned (403 and its like): one line, no traceback."""
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = record.exc_text = None
    return True


def configuration(level: str, style: str) -> dict[str, Any]:
    """The `logging.config` dictionary: everything to stderr, one format, one root level."""
    formatter = {"console": ConsoleFormatter, "json": JsonFormatter}[style]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "filters": {
            "as_one_warning": {"()": lambda: as_one_warning},
            "without_trace_of_mistakes": {"()": lambda: without_trace_of_mistakes},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        # Django would mail or print on its own; here all goes one way.
        "loggers": {
            "django": {"handlers": [], "level": "NOTSET", "propagate": True},
            "django.server": {"handlers": [], "level": "NOTSET", "propagate": True},
            "django.security.DisallowedHost": {"filters": ["as_one_warning"]},
            "django.request": {"filters": ["without_trace_of_mistakes"]},
            "asyncio": {"level": "WARNING"},
            "axes": {"level": "WARNING"},  # two lines of INFO for each login
            "uvicorn.websocket": {"level": "WARNING"},  # one for each page that is opened
            "channels_redis": {"level": "CRITICAL"},  # live_app/bridge.py says it in one line
        },
    }


def set_levels(levels: dict[str, str]) -> None:
    """Applies `levels` (logger name to level name); loggers not named follow their parent again."""
    for name in _changed - set(levels):
        logging.getLogger(name).setLevel(_changed_from.pop(name, logging.NOTSET))
    for name, level in levels.items():
        logger = logging.getLogger(name)
        _changed_from.setdefault(name, logger.level)
        logger.setLevel(level)
    _changed.clear()
    _changed.update(levels)


_changed: Final[set[str]] = set()
_changed_from: Final[dict[str, int]] = {}
