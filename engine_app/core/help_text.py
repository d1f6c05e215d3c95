"""What a llama-server says of its flags in `--help`: names, argument, help, default, variable.

Read leniently, as every build words it differently: llama.cpp's own layout (names from the first
column, help from the fortieth) and that of Python's argparse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine_app.core.self_description import printable

MAX_TEXT: Final = 1 << 20
MAX_FLAGS: Final = 2000
MAX_HELP: Final = 2000
MAX_LINE: Final = 4000  # a line of real ones has some hundred characters
MAX_LINES: Final = 200  # below a flag
MAX_NAMES: Final = 20  # of a flag
_NAME: Final = re.compile(r"-{1,2}[A-Za-z0-9][\w.-]*")
_ENV: Final = re.compile(r"\(env: ([A-Z][A-Z0-9_]*)\)")
_LINK: Final = re.compile(r"\[?\(?(?:\[?\(?more\s+info\)?\]?|\[\(card\)\])\(https?:\S*\)", re.I)
_DEFAULT: Final = re.compile(r"default: *('[^']*'|\"[^\"]*\"|(?:[^,();]|;(?! ))+)")
_ALLOWED: Final = re.compile(r"allowed values: ([\w+, -]+?)(?= \(| *$)")
_ITEM: Final = re.compile(r"^ *- ([\w+.-]+)(?: \(default\))?:")
_WIDE: Final = re.compile(r" {2,}")
_REPEATED: Final = re.compile(r" (\S+), +(?=-)")
_COMMA: Final = re.compile(r", +")


@dataclass(frozen=True, slots=True)
class KnownFlag:
    names: tuple[str, ...]  # with dashes, as the build spells them
    hint: str  # what it takes, in the build's words; empty for a switch
    help: str
    default: str  # empty where the help says none
    env: str
    choices: tuple[str, ...] = ()


def parse_help(text: str) -> dict[str, KnownFlag]:
    """Every spelling with its dashes -> what the build says of it."""
    found: dict[str, KnownFlag] = {}
    for n, (head, lines) in enumerate(_entries(printable(text[:MAX_TEXT]))):
        if n >= MAX_FLAGS:
            break
        if flag := _flag(head, lines):
            found.update(dict.fromkeys(flag.names, flag))
    return found


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """A flag's first line and the lines below that explain it."""
    head, lines = "", list[str]()
    for line in text.splitlines():
        line = line[:MAX_LINE]
        indent = len(line) - len(line.lstrip())
        if indent <= 4 and _NAME.match(line.lstrip()) and not line.lstrip().startswith("---"):
            if head:
                yield head, lines
            head, lines = line.strip(), []
        elif indent > 4 and head:
            if len(lines) < MAX_LINES:
                lines.append(line.strip())
        elif line.strip() and head:  # a title between groups
            yield head, lines
            head, lines = "", []
    if head:
        yield head, lines


def _flag(head: str, lines: list[str]) -> KnownFlag | None:
    names, hint, first = _split(head)
    if not names:
        return None
    said = [first, *lines]
    whole = " ".join(" ".join(said).split())
    env = _ENV.search(whole)
    default = _DEFAULT.search(whole)
    words = " ".join(_LINK.sub("", _ENV.sub("", whole)).split())
    return KnownFlag(
        names=tuple(names),
        hint=hint[:200],
        help=words[:MAX_HELP],
        default=default.group(1).strip().strip("'\"") if default else "",
        env=env.group(1) if env else "",
        choices=_choices(hint, whole, said),
    )


def _split(head: str) -> tuple[list[str], str, str]:
    """Names, hint and the beginning of the help, which two blanks or more keep apart."""
    names, hint, at = list[str](), "", 0
    while len(names) < MAX_NAMES and (name := _NAME.match(head, at)):
        names.append(name.group())
        at = name.end()
        # argparse repeats the hint after each name: -m FILE, --model FILE
        repeated = _REPEATED.match(head, at)
        if repeated and not repeated.group(1).startswith("-"):
            at = repeated.end()
        elif comma := _COMMA.match(head, at):
            at = comma.end()
        else:
            break
    rest = head[at:]
    if rest.startswith(" ") and not rest.startswith("  "):
        hint, _, rest = _partition(rest[1:])
    return names, hint.strip(), rest.strip()


def _partition(text: str) -> tuple[str, str, str]:
    wide = _WIDE.search(text)
    return (text, "", "") if wide is None else (text[: wide.start()], "  ", text[wide.end() :])


def _choices(hint: str, whole: str, lines: list[str]) -> tuple[str, ...]:
    if enclosed := re.fullmatch(r"[\[{<]([\w+.-]+(?:[|,][\w+.-]+)+)[\]}>]", hint):
        return tuple(re.split(r"[|,]", enclosed.group(1)))
    if allowed := _ALLOWED.search(whole):
        return tuple(word.strip() for word in allowed.group(1).split(",") if word.strip())
    items = (_ITEM.match(line) for line in lines)
    return tuple(item.group(1) for item in items if item)
