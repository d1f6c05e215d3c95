"""Typed readers of environment variables.

A wrong value stops the start: the error names the variable, the value and what is allowed.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})


def wrong(name: str, value: str, allowed: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name}={value!r} is not allowed: give {allowed}.")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def boolean(name: str, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value not in TRUE | FALSE:
        raise wrong(name, value, "1 or 0")
    return value in TRUE


def choice(name: str, default: str, allowed: Collection[str]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise wrong(name, value, "one of " + ", ".join(allowed))
    return value


def words(name: str, default: Collection[str] = ()) -> list[str]:
    value = text(name)
    return [word.strip() for word in value.split(",") if word.strip()] or list(default)


def flags(name: str, never: Collection[str]) -> list[str]:
    """Names of command-line flags, with or without their dashes; given back without."""
    found = [word.lstrip("-").replace("_", "-") for word in words(name)]
    for word in found:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9.-]*", word):
            raise wrong(name, word, "names of llama-server flags, separated by commas")
        if word in never:
            raise wrong(name, word, "flags that llamadash does not set itself")
    return found


def ports(name: str, default: str) -> range:
    """`18100-18999`, both ends included."""
    value = text(name, default)
    first, dash, last = value.partition("-")
    if not (dash and first.strip().isdecimal() and last.strip().isdecimal()):
        raise wrong(name, value, f"two port numbers with a dash between, as {default}")
    found = range(int(first), int(last) + 1)
    if not found or found[0] < 1024 or found[-1] > 65_535:
        raise wrong(name, value, "ports from 1024 to 65535, the lower one first")
    return found


def path(name: str, default: Path) -> Path:
    value = text(name)
    return _folder(value) if value else default


def paths(name: str) -> list[Path]:
    """Folders separated by the system's path separator (`:`)."""
    parts = text(name).split(os.pathsep)
    return [_folder(part.strip()) for part in parts if part.strip()]


def _folder(value: str) -> Path:
    given = Path(value)
    with suppress(RuntimeError):  # `~nobody`: then it is a folder's name
        given = given.expanduser()
    return given.absolute()


def secret(name: str, file: Path) -> str:
    """The variable, else the content of `file`, which is made on first use with mode 0600."""
    if value := text(name):
        if len(value) < 32:
            raise wrong(name, value[:2] + "…", "at least 32 characters")
        return value
    if not file.exists():
        _write_once(file, secrets.token_urlsafe(48))
    try:
        return file.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{file} cannot be read: {error.strerror}.") from error


def _write_once(file: Path, value: str) -> None:
    """Written aside and linked into place: nobody ever reads half a secret."""
    aside = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as handle:
            handle.write(value + "\n")
        try:
            os.link(aside, file)
        except FileExistsError:  # another process was first: its value counts
            pass
        finally:
            aside.unlink()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{file} cannot be written ({error.strerror}): "
            "set LLAMADASH_DATA_DIR to a folder you may write to."
        ) from error
