"""A preset as a file or a pasted command describes it, with all that could not be taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine_app.core.allow_list import AllowList, Refused, WrongOptions, bare, visible
from engine_app.core.flag_kinds import Value
from engine_app.core.registered import Registered

MAX_BYTES: Final = 256 << 10  # of a file or a pasted text
MAX_LEFT_OUT: Final = 500
MAX_PATH: Final = 4096
MAX_NAME: Final = 200
MOST_NEAR: Final = 20  # unknown options of one text that are answered with a near one
# Keys of other programs' files for what is decided elsewhere here.
_ELSEWHERE: Final = {
    "load-on-startup": "whether an engine starts with the program is set on its own page",
    "stop-timeout": "llamadash waits for requests to end before it stops an engine",
    "dedup-cache-models": "the registry already shows equal files as copies",
    "mmproj": "the projector is the one the registry found beside the model",
}


class ImportedError(ValueError):
    """Why nothing at all can be taken from a text, in words."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Change:
    """What taking a text would make different."""

    option: str  # or what else it is about
    old: str  # empty: it was not set
    new: str  # empty: it will not be set


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """An option that names files by their paths, as it was given."""

    flag: Registered
    spelling: str
    text: str
    has_scales: bool


@dataclass(slots=True)
class Serving:
    """What a text says of how a model is served, beside the options it is started with."""

    aliases: list[str] = field(default_factory=list)
    idle_seconds: int | None = None  # 0: never stopped for being idle
    preload: bool = False
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Filters:
    """What is changed in requests for a model: parameters taken out, others set."""

    strip: tuple[str, ...] = ()
    set: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.strip or self.set)


@dataclass(slots=True)
class Imported:
    name: str
    is_defaults: bool = False
    options: dict[str, Value] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    model_path: str = ""
    alias: str = ""
    files: dict[str, NamedFiles] = field(default_factory=dict)  # by option
    is_default: bool = False  # of its model
    notes: str = ""
    serving: Serving = field(default_factory=Serving)
    filters: Filters = field(default_factory=Filters)
    # Options that its writer had and could not write, and why: they are not meant to go.
    kept_back: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = one_line(self.name, MAX_NAME)

    def leave_out(self, what: str, why: str) -> None:
        if len(self.left_out) < MAX_LEFT_OUT:
            self.left_out.append(LeftOut(visible(what), why))

    def take(self, spelling: str, raw: object, allowed: AllowList) -> None:
        """One option: kept, put where it belongs, or left out with the reason."""
        name = bare(spelling)
        if not isinstance(raw, (str, bool, int, float)):
            self.leave_out(spelling, "Its value is not one word.")
        elif name in ("model", "m"):
            self._take_path(spelling, str(raw))
        elif name in ("alias", "a"):
            self.alias = one_line(str(raw).split(",")[0], MAX_NAME)
        elif name in _ELSEWHERE or name == "mm":
            self.leave_out(spelling, _ELSEWHERE.get(name, _ELSEWHERE["mmproj"]))
        else:
            self._take_option(spelling, raw, allowed)

    def _take_option(self, spelling: str, raw: object, allowed: AllowList) -> None:
        try:
            if self._names_files(spelling, raw, allowed):
                return
            key, value = allowed.read(spelling, raw)
        except Refused as error:
            self.leave_out(spelling, f"It may not be set here: {error.why}.")
        except WrongOptions as error:
            self.leave_out(spelling, " ".join(error.problems.values()))
        else:
            self.options[key] = value

    def _names_files(self, spelling: str, raw: object, allowed: AllowList) -> bool:
        """Which entries of the registry are meant is for whoever knows it."""
        flag = allowed.find(spelling).flag
        if not isinstance(flag, Registered):
            return False
        text = str(raw)
        if not is_path(text):
            self.leave_out(spelling, "This cannot be a path.")
        else:
            has_scales = f"--{bare(spelling)}" == flag.scaled
            self.files[flag.name] = NamedFiles(flag, visible(spelling), text, has_scales)
        return True

    def _take_path(self, spelling: str, path: str) -> None:
        if not is_path(path):
            self.leave_out(spelling, "This cannot be a path.")
        else:
            self.model_path = path


def ordered(found: Iterable[Imported], allowed: AllowList) -> list[Imported]:
    presets = list(found)
    for preset in presets:
        preset.options = allowed.ordered(preset.options)
    return presets


def one_line(text: str, most: int = 1000) -> str:
    """Without what could not be seen, stored or shown."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * most]).split())[:most]


def is_path(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, as escapes of JSON and YAML can make it
        return False
    return len(text) <= MAX_PATH and "\0" not in text
