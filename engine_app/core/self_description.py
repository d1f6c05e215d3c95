"""What a llama-server says of itself with --version and --list-devices."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from logs_app.core.ansi import stripped
from models_app.core.cleaning import clean_line

MAX_DEVICES: Final = 64
# All but line breaks and tabs; what turns the direction of reading, and what no database takes.
_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
# `version: 0.5.0-dev (build 1, commit 0c1e570)` and, of older builds, `version: 6123 (0c1e570)`.
_VERSION: Final = re.compile(
    r"^version: (?P<version>\S{1,60})"
    r"(?: \((?:build (?P<build>\d{1,9}), commit )?(?P<commit>[\w.-]{1,40})\))?",
    re.MULTILINE,
)
# `  CUDA0: NVIDIA GeForce RTX 3090 (24268 MiB, 23791 MiB free)`
_DEVICE: Final = re.compile(
    r"^ {1,4}(?P<name>\w{1,40}): (?P<description>.{1,200}?) "
    r"\((?P<total>\d{1,9}) MiB(?:, \d{1,9} MiB free)?\)$",
    re.MULTILINE,
)


class Version(NamedTuple):
    version: str
    build: str = ""  # "b11549"
    commit: str = ""


class Device(NamedTuple):
    name: str  # as --device takes it
    description: str
    total_bytes: int


def printable(text: str) -> str:
    """Its lines, without colours and without what could steer a terminal or forge a line."""
    return _CONTROL.sub("\ufffd", stripped(text.replace("\r\n", "\n")))


def parse_version(text: str) -> Version | None:
    match = _VERSION.search(printable(text))
    if match is None:
        return None
    version, build, commit = match["version"], match["build"], match["commit"] or ""
    if build is None and version.isdecimal():
        build = version
    return Version(version, f"b{build}" if build else "", commit if commit != "unknown" else "")


def parse_devices(text: str) -> list[Device]:
    found = [
        Device(match["name"], clean_line(match["description"]) or "?", int(match["total"]) << 20)
        for match in _DEVICE.finditer(printable(text))
    ]
    return found[:MAX_DEVICES]
