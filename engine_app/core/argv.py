"""The command line of an engine: a list of words, each flag once, in a fixed order."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from engine_app.core.allow_list import LaunchError, allowing
from engine_app.core.conflicts import conflicts
from engine_app.core.flag_kinds import Flag, Switch, Text, Value
from engine_app.core.flags import FLAGS
from engine_app.core.registered import NotRegistered, Registered

Knows = Callable[[str], bool]

MAX_ALIAS: Final = 200
# Given to every engine whose build has them: what supervision reads, and nothing that listens to
# anybody else.
_ALWAYS: Final[tuple[tuple[str, ...], ...]] = (
    ("--metrics",),
    ("--slots",),
    ("--sse-ping-interval", "1"),
    ("--cors-origins", "localhost"),
    ("--no-cors-credentials",),
    ("--offline",),
)
_DRAFT: Final = "spec-draft-model"
_NO_UI: Final = ("--no-ui", "--no-webui")


class UnknownToEngine(LaunchError):
    """The build that is to run does not have a flag."""


def launch_argv(
    program: Sequence[str],
    *,
    model_path: Path,
    alias: str,
    port: int,
    options: Mapping[str, Value],
    mmproj_path: Path | None,
    knows: Knows,
    extra: Collection[str] = (),
    files: Mapping[int, Path] = MappingProxyType({}),
) -> list[str]:
    """The words to run. `extra` are the flags that the owner permits, `files` the registered ones
    that options name. Raises LaunchError."""
    allowed = allowing(tuple(extra))
    checked = allowed.check(options)
    for name, why in conflicts(checked).items():
        raise LaunchError(f"{name}: {why}")
    return [
        *program,
        *("-m", _file(model_path)),
        *(("--mmproj", _file(mmproj_path)) if mmproj_path else ()),
        *("--alias", _checked_alias(alias)),
        *("--host", "127.0.0.1"),
        *("--port", str(_checked_port(port))),
        *_ours(knows),
        *_guessing(checked, knows),
        *(
            word
            for name in checked
            for word in _option(allowed.flags[name], checked[name], knows, files)
        ),
    ]


def _guessing(options: Mapping[str, Value], knows: Knows) -> tuple[str, ...]:
    """Newer builds load a draft model and do not use it, unless they are told how."""
    if _DRAFT not in options or "spec-type" in options or not knows("--spec-type"):
        return ()
    return ("--spec-type", "draft-simple")


def _option(flag: Flag, value: Value, knows: Knows, files: Mapping[int, Path]) -> list[str]:
    found = words(flag, value, knows)
    if not isinstance(flag, Registered):
        return found
    try:
        return [found[0], flag.located(value, files)]
    except NotRegistered as error:
        raise LaunchError(f"{flag.label}: {error}") from error


def words(flag: Flag, value: Value, knows: Knows) -> list[str]:
    """One option in the spelling that this build knows. Raises UnknownToEngine."""
    off = isinstance(flag, (Switch, Text)) and value is False
    spellings = flag.opposites if off else flag.spellings
    if isinstance(flag, Registered):
        spellings = flag.spellings_for(value)
    if off and not spellings:
        return []
    if spelling := next((each for each in spellings if knows(each)), None):
        return flag.words(value, spelling)
    raise UnknownToEngine(
        f"This llama-server does not know {spellings[0]}.{near_flag(flag, knows)}"
    )


def safe_alias(name: str) -> str:
    """A registry name as --alias takes it: one name, of one line, that is no flag."""
    shown = "".join(c if c.isprintable() and c != "," else " " for c in name)
    return " ".join(shown.split()).lstrip("- ")[:MAX_ALIAS].strip() or "model"


def _ours(knows: Knows) -> list[str]:
    no_ui = [flag for flag in _NO_UI if knows(flag)][:1]
    return [word for given in _ALWAYS if knows(given[0]) for word in given] + no_ui


def _file(path: Path) -> str:
    text = str(path)
    if not path.is_absolute() or "\0" in text:
        raise LaunchError("An engine is given absolute paths only.")
    return text


def _checked_alias(alias: str) -> str:
    if alias != safe_alias(alias):
        raise LaunchError("The alias must be one printable name without a comma or leading dash.")
    return alias


def _checked_port(port: int) -> int:
    if not 1 <= port <= 65_535:
        raise LaunchError("The port must be from 1 to 65535.")
    return port


def knows_flag(flag: Flag, knows: Knows) -> bool:
    return any(knows(spelling) for spelling in flag.spellings)


def near_flag(flag: Flag, knows: Knows) -> str:
    """Words that name a flag the build does have, or nothing."""
    known = [name for name in FLAGS if knows(f"--{name}")]
    near = difflib.get_close_matches(flag.name, known, n=1, cutoff=0.75)
    return f" Did you mean --{near[0]}?" if near else ""
