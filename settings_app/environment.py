"""What the environment decides, for people to look up; it can be changed there only."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    help: str
    default: str
    value: Callable[[], Any]

    @property
    def is_set(self) -> bool:
        return bool(os.environ.get(self.name, "").strip())

    @property
    def text(self) -> str:
        value = self.value()
        if isinstance(value, range):
            return f"{value[0]}-{value[-1]}"
        if isinstance(value, bool):
            return "1" if value else "0"
        if isinstance(value, (list, tuple)):
            return ", ".join(map(str, value))
        return str(value)


def _setting(name: str) -> Callable[[], Any]:
    return lambda: getattr(settings, name)


def _secret_key() -> str:
    """Never the key: only where it comes from."""
    set_here = bool(os.environ.get("LLAMADASH_SECRET_KEY", "").strip())
    return "set, not shown" if set_here else f"kept in {settings.DATA_DIR}/secret_key"


def _database() -> str:
    """Never the address: it holds the password."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        return f"SQLite, {database['NAME']}"
    return f"PostgreSQL, {database.get('NAME') or '-'} on {database.get('HOST') or 'this machine'}"


def _redis() -> str:
    """Never the address: it holds the password."""
    return "set, not shown" if settings.CHANNEL_LAYERS else "none"


def _flag(name: str) -> Callable[[], bool]:
    return lambda: os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")


VARIABLES: Final = (
    Variable(
        "LLAMADASH_DATA_DIR",
        "Database, secret key, locks and collected files.",
        "var/ in the checkout",
        _setting("DATA_DIR"),
    ),
    Variable(
        "LLAMADASH_MODELS_DIRS",
        "Model folders, separated by a colon; more can be added under Models, Folders.",
        "none",
        _setting("MODELS_DIRS"),
    ),
    Variable("DATABASE_URL", "PostgreSQL instead of SQLite.", "SQLite", _database),
    Variable(
        "REDIS_URL",
        "Carries live updates when web processes and agent are separate.",
        "none: one process",
        _redis,
    ),
    Variable(
        "LLAMADASH_SECRET_KEY",
        "Signs sessions; at least 32 characters.",
        "generated, mode 0600",
        _secret_key,
    ),
    Variable(
        "LLAMADASH_ALLOWED_HOSTS",
        "Names under which browsers may reach this, separated by commas.",
        "localhost, 127.0.0.1, [::1]",
        _setting("ALLOWED_HOSTS"),
    ),
    Variable(
        "LLAMADASH_HTTPS",
        "TLS ends in front of this: secure cookies, HSTS, redirects.",
        "0",
        _setting("HTTPS"),
    ),
    Variable("LLAMADASH_NODE", "This machine's name.", "the host name", _setting("NODE")),
    Variable(
        "LLAMA_SERVER_BIN",
        "The llama-server to use; its folder is searched for llama-fit-params.",
        "the one on PATH",
        _setting("LLAMA_SERVER_BIN"),
    ),
    Variable(
        "LLAMADASH_ALLOW_FLAGS",
        "Flags of llama-server that presets may hold besides those on the list; some can run "
        "programs or read any file.",
        "none",
        _setting("ALLOW_FLAGS"),
    ),
    Variable(
        "LLAMADASH_PORT_RANGE",
        "Ports of the engines, on loopback; one for each that runs.",
        "18100-18999",
        _setting("PORT_RANGE"),
    ),
    Variable(
        "LLAMADASH_GATEWAY_OPEN",
        "Who may use the gateway without a key: loopback (programs of this machine) or never.",
        "loopback",
        _setting("GATEWAY_OPEN"),
    ),
    Variable(
        "LLAMADASH_LOG_LEVEL",
        "Level of every logger that is not named under Diagnostics.",
        "INFO",
        _setting("LOG_LEVEL"),
    ),
    Variable(
        "LLAMADASH_LOG_FORMAT", "Log lines: console or json.", "console", _setting("LOG_FORMAT")
    ),
    Variable("LLAMADASH_DEBUG", "Development only: shows code on errors.", "0", _setting("DEBUG")),
    Variable(
        "LLAMADASH_STATIC_DIR",
        "Collected static files, for a web server in front to hand out.",
        "static/ in the data directory",
        _setting("STATIC_ROOT"),
    ),
    Variable(
        "LLAMADASH_IGNORE_DOTENV",
        "Does not read the file .env beside manage.py.",
        "0",
        _flag("LLAMADASH_IGNORE_DOTENV"),
    ),
)
