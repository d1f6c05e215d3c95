"""What the name of a GGUF file tells: base name, size, fine-tune, version, quantization, shard.

The published form is [Sidecar-]Base-Size-FineTune-Version-Encoding-Type-Shard.gguf, but its own
expression demands a version and rejects most real names. So parsing never fails: what is known is
taken off from both ends, and a name without any known part is all base. Metadata in the file win
whenever they are there; the name serves to group shards and where a file cannot be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, NamedTuple

LONGEST_NAME: Final = 512  # file systems stop at 255 bytes; this bounds names from elsewhere
_FLAGS: Final = re.IGNORECASE | re.ASCII

_EXTENSION: Final = re.compile(r"(?:\.gguf)+$", _FLAGS)
_SHARD: Final = re.compile(r"-(\d{5})-of-(\d{5})$", re.ASCII)
_SIDECAR_FIRST: Final = re.compile(r"^(mmproj|mtp)(?:[-_.]+|$)", _FLAGS)
_SIDECAR_INSIDE: Final = re.compile(r"[-_.](mmproj)(?=[-_.]|$)", _FLAGS)
_VOCABULARY_FIRST: Final = re.compile(r"^ggml-vocab-(?=.)", _FLAGS)
_KIND_LAST: Final = re.compile(r"[-_.](lora|vocab)$", _FLAGS)
_IMATRIX: Final = re.compile(r"[-_.](?:i1|imat(?:rix)?)(?=[-_.]|$)", _FLAGS)
# An encoding contains underscores, so names are never split at them; it is the last part.
_ENCODING: Final = re.compile(
    r"(?:^|[-._])"
    r"((?:UD-)?(?:I?Q[1-8](?:_[0-9A-Z]+)*|TQ[12]_0|BF16|FP?16|FP?32|F64|MXFP4(?:_MOE)?|NVFP4))$",
    _FLAGS,
)
# K counts only as a capital: "4k" in Phi-3-mini-4k is a context length.
_SIZE: Final = re.compile(r"^(?:\d+x)?\d+(?:\.\d+)?[MBTQmbtqK]$", re.ASCII)
_ACTIVE: Final = re.compile(r"^A\d+(?:\.\d+)?[KMB]$", _FLAGS)
_VERSION: Final = re.compile(r"^v\d+(?:\.\d+)*$", _FLAGS)
_FINE_TUNES: Final = frozenset(
    {
        "instruct",
        "chat",
        "it",
        "base",
        "thinking",
        "reasoning",
        "coder",
        "code",
        "math",
        "vision",
        "vl",
        "embedding",
        "reranker",
        "dpo",
        "sft",
        "orpo",
    }
)


class Shard(NamedTuple):
    number: int  # from 1, where split.no of the metadata counts from 0
    total: int


@dataclass(frozen=True, slots=True)
class FileNameParts:
    base: str | None = None
    size: str | None = None  # "8B", "8x7B", "30B-A3B"
    finetune: str | None = None
    version: str | None = None
    encoding: str | None = None  # "Q4_K_M", "UD-Q4_K_XL"
    kind: str | None = None  # "LoRA" or "vocab"
    sidecar: str | None = None  # "mmproj" or "mtp"
    shard: Shard | None = None
    imatrix: bool = False


class _Rest:
    """The part of a name that nobody has understood yet."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.search(self.text)
        if match is not None:
            self.text = self.text[: match.start()] + self.text[match.end() :]
        return match


class _Words(NamedTuple):
    base: str | None
    size: str | None
    finetune: str | None
    version: str | None


def parse_file_name(path: str) -> FileNameParts:
    """The parts of a file's name; folders before it are ignored. Never raises."""
    stem = _stem(path)
    rest = _Rest(stem)
    shard = _take_shard(rest)
    sidecar = _take_sidecar(rest)
    kind = _take_kind(rest)
    imatrix = rest.take(_IMATRIX) is not None
    encoding = _take_encoding(rest)
    words = _split_words(rest.text)
    if not any((*words[1:], encoding, kind, sidecar)):
        # Nothing was understood: the name stays as it is, doubled dashes and all.
        words = _Words(rest.text or stem or None, None, None, None)
    return FileNameParts(
        *words, encoding=encoding, kind=kind, sidecar=sidecar, shard=shard, imatrix=imatrix
    )


def split_key(path: str) -> tuple[str, str, int] | None:
    """(folder, name without the shard, total): equal for the shards of one model, else None."""
    rest = _Rest(_stem(path))
    shard = _take_shard(rest)
    if shard is None:
        return None
    return str(PurePath(path).parent), rest.text, shard.total


def display_name(parts: FileNameParts) -> str:
    """A name to show, as the file wrote it: "Qwen3 30B-A3B Instruct-2507".

    Quantization and shard have columns of their own, and stand here only when there is nothing
    else to say.
    """
    words = [parts.base, parts.size, parts.finetune, parts.version, parts.kind, parts.sidecar]
    return " ".join(word for word in words if word) or parts.encoding or ""


def _stem(path: str) -> str:
    return _EXTENSION.sub("", PurePath(path).name[:LONGEST_NAME])


def _take_shard(rest: _Rest) -> Shard | None:
    """A shard that cannot be ("00000-of-00002", "3-of-2") stays in the name."""
    match = _SHARD.search(rest.text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        return None
    rest.text = rest.text[: match.start()]
    return Shard(int(match[1]), int(match[2]))


def _take_sidecar(rest: _Rest) -> str | None:
    first, inside = rest.take(_SIDECAR_FIRST), rest.take(_SIDECAR_INSIDE)
    match = inside or first
    return match[1].lower() if match else None


def _take_kind(rest: _Rest) -> str | None:
    first, last = rest.take(_VOCABULARY_FIRST), rest.take(_KIND_LAST)
    if last is not None:
        return "LoRA" if last[1].lower() == "lora" else "vocab"
    return "vocab" if first else None


def _take_encoding(rest: _Rest) -> str | None:
    match = rest.take(_ENCODING)
    return match[1].upper().replace("FP16", "F16").replace("FP32", "F32") if match else None


def _split_words(text: str) -> _Words:
    words = [word for word in text.split("-") if word]
    at = max((i for i, word in enumerate(words) if _SIZE.match(word)), default=None)
    if at is None:
        version, words = _take_version(words)
        at = _first_fine_tune(words)
        return _Words(_join(words[:at]), None, _join(words[at:]), version)
    behind = words[at + 1 :]
    size = words[at]
    if behind and _ACTIVE.match(behind[0]):
        size += f"-{behind.pop(0)}"
    version, behind = _take_version(behind)
    return _Words(_join(words[:at]), size, _join(behind), version)


def _take_version(words: list[str]) -> tuple[str | None, list[str]]:
    versions = [word for word in words if _VERSION.match(word)]
    if not versions:
        return None, words
    return versions[-1], [word for word in words if word != versions[-1]]


def _first_fine_tune(words: list[str]) -> int:
    """Without a size only a well known word tells where the base name ends."""
    found = (i for i, word in enumerate(words) if i and word.lower() in _FINE_TUNES)
    return next(found, len(words))


def _join(words: list[str]) -> str | None:
    return "-".join(words) or None
