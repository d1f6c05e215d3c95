"""Which launch options may be given: matched on the option that is meant, not on its spelling."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from engine_app.core.flag_kinds import FALSE, TRUE, Flag, FlagError, Text, Value
from engine_app.core.flags import FLAGS
from engine_app.core.refused_flags import OURS, REFUSED, spellings

MAX_OPTIONS: Final = 256
OWNER_GROUP: Final = "Permitted by the owner"
_ENV_PREFIX: Final = "LLAMA_ARG_"
# Environment names that are not the flag's own; llama.cpp takes them as keys of preset files.
_ENV_NAMES: Final = {
    "batch": "batch-size", "ubatch": "ubatch-size", "think": "reasoning-format",
    "think-budget": "reasoning-budget", "rope-scaling-type": "rope-scaling",
    "log-verbosity": "verbosity", "n-gpu-layers-draft": "spec-draft-ngl", "n-parallel": "parallel",
    "static-path": "path", "endpoint-props": "props", "endpoint-slots": "slots",
    "endpoint-metrics": "metrics",
}  # fmt: skip


class LaunchError(ValueError):
    """Why an engine cannot be started like this, in words for people."""


class Refused(LaunchError):
    """An option that may not be set."""

    def __init__(self, spelling: str, why: str) -> None:
        super().__init__(f"{visible(spelling)} may not be set here: {why}.")
        self.why = why


class WrongOptions(LaunchError):
    """All that is wrong with some options: name -> words."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(f"{visible(k)}: {why}" for k, why in problems.items()))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Found:
    flag: Flag
    is_opposite: bool = False  # the spelling switches it off


class AllowList:
    """The listed options, and those that the owner of this installation permits besides."""

    def __init__(self, permitted: Collection[str] = ()) -> None:
        self.flags: dict[str, Flag] = dict(FLAGS)
        self._found: dict[str, Found] = {}
        self._near_left: int | None = None  # None: no limit
        for flag in FLAGS.values():
            for each in flag.spellings:
                self._found[bare(each)] = Found(flag)
            for each in flag.opposites:
                self._found[bare(each)] = Found(flag, is_opposite=True)
        for spelling in permitted:
            self._permit(bare(spelling))

    def _permit(self, name: str) -> None:
        if name in self._found:
            return
        known_as, why = REFUSED.get(name, (name, ""))
        if why == OURS:
            raise Refused(f"--{name}", OURS)
        names = spellings(known_as) or (name,)
        opposites = {each for each in names[1:] if each.startswith("no-")}
        flag = Text(
            name=known_as,
            label=known_as,
            help="Permitted by LLAMADASH_ALLOW_FLAGS; its value is passed as it is.",
            group=OWNER_GROUP,
            others=tuple(_with_dashes(each) for each in names[1:] if each not in opposites),
            opposites=tuple(_with_dashes(each) for each in names if each in opposites),
        )
        self.flags[known_as] = flag
        self._found |= {each: Found(flag, is_opposite=each in opposites) for each in names}

    def sparing(self, most_near: int) -> AllowList:
        """One that looks so many times for a near name: a hostile file may hold thousands."""
        found = copy.copy(self)
        found._near_left = most_near
        return found

    def is_free_text(self, spelling: str) -> bool:
        """Whether its value is one that nothing here knows the meaning of."""
        found = self._found.get(bare(spelling))
        return found is not None and isinstance(found.flag, Text)

    def find(self, spelling: str) -> Found:
        """The option that a flag or a preset file's key means. Raises Refused."""
        name = bare(spelling)
        if found := self._found.get(name):
            return found
        if name in REFUSED:
            raise Refused(spelling, REFUSED[name][1])
        raise Refused(spelling, self._not_listed(name))

    def _not_listed(self, name: str) -> str:
        if self._near_left is not None:
            self._near_left -= 1
            if self._near_left < 0:
                return "it is not on the list"
        alike = [k for k in self._found if k[0] == name[:1] and abs(len(k) - len(name)) <= 3]
        near = difflib.get_close_matches(name, alike, n=1, cutoff=0.75)
        return "it is not on the list" + (f" (did you mean {dashed(near[0])}?)" if near else "")

    def read(self, spelling: str, raw: object) -> tuple[str, Value]:
        """Name and checked value of one option. Raises LaunchError."""
        found = self.find(spelling)
        if found.is_opposite:
            raw = _turned(raw)
        try:
            return found.flag.name, found.flag.parse(raw)
        except FlagError as error:
            raise WrongOptions({found.flag.name: str(error)}) from error

    def check(self, options: Mapping[str, object]) -> dict[str, Value]:
        """As they are stored: long names, typed values, each once, in the fixed order."""
        if len(options) > MAX_OPTIONS:
            raise WrongOptions({"options": f"More than {MAX_OPTIONS}."})
        problems: dict[str, str] = {}
        checked: dict[str, Value] = {}
        for spelling, raw in options.items():
            try:
                name, value = self.read(spelling, raw)
            except WrongOptions as error:
                problems |= error.problems
            except Refused as error:
                problems[spelling] = str(error)
            else:
                if name in checked:
                    problems[spelling] = f"It is the same option as {name}, which is set too."
                checked[name] = value
        if problems:
            raise WrongOptions(problems)
        return self.ordered(checked)

    def ordered(self, options: Mapping[str, Value]) -> dict[str, Value]:
        return {name: options[name] for name in self.flags if name in options}


@lru_cache(maxsize=8)
def allowing(permitted: tuple[str, ...]) -> AllowList:
    """Made once for each set of permitted flags: every start, form and file asks for it."""
    return AllowList(permitted)


def bare(spelling: str) -> str:
    """A flag's name without dashes. llama.cpp takes --ctx_size for --ctx-size, and so do we."""
    name = spelling.strip()
    if name.startswith(_ENV_PREFIX):
        name = name.removeprefix(_ENV_PREFIX).lower().replace("_", "-")
        return _ENV_NAMES.get(name, name)
    if name.startswith("--") or not name.startswith("-"):
        name = name.replace("_", "-")
    return name.removeprefix("-").removeprefix("-")


def _with_dashes(name: str) -> str:
    return f"-{name}" if len(name) < 4 else f"--{name}"


def dashed(name: str) -> str:
    return f"--{name}" if len(name) > 5 or name in FLAGS else f"-{name}"


def visible(text: str) -> str:
    """Short enough for a message, and without characters that hide what is said."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text[:64])
    return shown + ("…" if len(text) > 64 else "")


def _turned(raw: object) -> object:
    """`no-mmap = true` is mmap off; anything that is no switch's value is left to be refused."""
    if isinstance(raw, bool):
        return not raw
    word = str(raw).strip().lower()[:16]
    return word not in TRUE if word in TRUE | FALSE else raw
