"""What llama.cpp prints when it cannot go on, and what that means for whoever runs it.

Texts were seen on builds of 2026; they change, so a rule looks for the shortest part that says it.
"""

from __future__ import annotations

import re
import signal
from typing import Final, NamedTuple

KILLED: Final = "killed"
KILLED_HARD: Final = "killed_hard"
OUT_OF_MEMORY: Final = "out_of_memory"
NO_CONTEXT: Final = "no_room_for_context"
NO_ROOM: Final = "no_room"
TOO_BIG: Final = "too_big"
EVICTED: Final = "evicted"
PORT_TAKEN: Final = "port_taken"
BACKGROUND: Final = "background"


class Reason(NamedTuple):
    code: str
    sentence: str  # begins in lower case: the engine's name stands before it
    advice: str = ""


class Rule(NamedTuple):
    pattern: re.Pattern[str]
    reason: Reason
    sign: str = ""  # stands in every text that the pattern finds; cheap to look for


def _rule(code: str, pattern: str, sentence: str, advice: str = "", *, sign: str = "") -> Rule:
    return Rule(re.compile(pattern), Reason(code, sentence, advice), sign)


# What more memory may change.
MEMORY: Final = frozenset({OUT_OF_MEMORY, NO_CONTEXT})
# What another try with the same file, options and program cannot change. Nor is a start without
# room tried again: memory may come free in hours, and an engine that starts by itself then, when
# nobody thinks of it, takes what somebody else needs. Whoever asks again gets a new answer.
PERMANENT: Final = frozenset(
    {
        "bad_flag", "bad_value", "missing_file", "not_gguf", "newer_format", "truncated",
        "unknown_architecture", "unsupported_model", "missing_library", "no_program", "illegal",
        "refused", "no_permission", "bad_adapter", NO_ROOM, TOO_BIG, BACKGROUND,
    }
)  # fmt: skip
LESS_MEMORY: Final = (
    "Give it less context, a q8_0 cache or fewer layers on the GPU, or stop another engine first."
)
SCAN_AGAIN: Final = "Download the file again, then scan the folder."
NEWER_ENGINE: Final = "A newer llama-server may know it."

RULES: Final = (
    _rule(
        PORT_TAKEN,
        r"couldn't bind HTTP server socket|[Aa]ddress already in use",
        "another program has its port",
        "Another port is tried; LLAMADASH_PORT_RANGE says which there are.",
    ),
    _rule(
        "bad_flag",
        r"invalid argument: (?P<what>\S{1,200})",
        "does not know the option {what}",
        "Take it out of the preset, or use a llama-server that has it.",
    ),
    _rule(
        "bad_value",
        r"error while handling argument \"(?P<what>[^\"]{1,200})\"|expected value for argument",
        "cannot use the value of the option {what}",
        "Change it in the preset.",
    ),
    _rule(
        "missing_library",
        r"(?P<what>lib[\w.+-]{1,120}): cannot open shared object file",
        "needs the library {what}, which is not installed",
        "libgomp.so.1 comes with: apt install libgomp1. Others come with the llama-server build.",
        sign=": cannot open shared object file",
    ),
    _rule(
        "bad_adapter",
        r"failed to (?:load|apply) lora adapter",
        "cannot use an adapter with this model",
        "Take it out of the preset, or choose the model that it was made for.",
    ),
    _rule(
        OUT_OF_MEMORY,
        r"(?i)out of memory|failed to allocate|unable to allocate|cudaMalloc failed"
        r"|OutOfDeviceMemory|OutOfHostMemory|bad_alloc|not enough (?:memory|space)"
        r"|insufficient memory|cannot meet free memory target",
        "ran out of memory",
        LESS_MEMORY,
    ),
    _rule(
        "missing_file",
        r"failed to open GGUF file .*\(No such file|failed to open .*No such file or directory",
        "cannot find its model file",
        "Scan the folder: the file was moved or deleted.",
        sign="No such file",
    ),
    _rule(
        "no_permission",
        r"failed to open .*Permission denied",
        "may not read its model file",
        "Let this account read the file.",
        sign="Permission denied",
    ),
    _rule(
        "not_gguf",
        r"invalid magic characters",
        "its model file is not a GGUF file",
        SCAN_AGAIN,
    ),
    _rule(
        "newer_format",
        r"this GGUF file is version (?P<what>\d{1,12}) but",
        "its model file has GGUF version {what}, which this build does not read",
        NEWER_ENGINE,
    ),
    _rule(
        "truncated",
        r"not within the file bounds|corrupted or incomplete|unexpectedly reached end of file"
        r"|failed to read (?:key-value|tensor)|failed to read magic",
        "its model file is cut short or damaged",
        SCAN_AGAIN,
    ),
    _rule(
        "unknown_architecture",
        r"unknown model architecture: '(?P<what>[^']{0,200})'",
        "does not know the architecture {what}",
        NEWER_ENGINE,
    ),
    _rule(
        "unsupported_model",
        r"unknown pre-tokenizer type|missing tensor|wrong number of tensors|has wrong shape"
        r"|invalid ggml type",
        "cannot use this model file",
        f"It was made for another build, or is damaged. {NEWER_ENGINE}",
    ),
    _rule(
        NO_CONTEXT,
        r"failed to (?:create|initialize) (?:the )?context",
        "could not set up its context",
        LESS_MEMORY,
    ),
    _rule(
        "assertion",
        r"GGML_ASSERT\((?P<what>.{0,200}?)\) failed",
        "stopped at a check of its own: {what}",
        "A fault of this build or of the model file: try another build.",
        sign="GGML_ASSERT(",
    ),
)

SIGNALS: Final[dict[int, Reason]] = {
    signal.SIGKILL: Reason(
        KILLED_HARD,
        "was killed by SIGKILL: by hand, or by the kernel when memory ran out",
        LESS_MEMORY,
    ),
    signal.SIGTERM: Reason("terminated", "was ended from outside by SIGTERM"),
    signal.SIGINT: Reason("terminated", "was ended from outside by SIGINT"),
    signal.SIGSEGV: Reason(
        "crashed", "crashed with a memory fault (SIGSEGV)", "A fault of this build: try another."
    ),
    signal.SIGABRT: Reason(
        "crashed", "gave up by itself (SIGABRT)", "Its log has what it said before."
    ),
    signal.SIGBUS: Reason(
        "file_changed",
        "could not read its model file any more (SIGBUS)",
        "The file was cut or its disk failed while it was in use.",
    ),
    signal.SIGILL: Reason(
        "illegal",
        "uses instructions that this CPU does not have (SIGILL)",
        "Use a llama-server that was built for this CPU.",
    ),
    signal.SIGFPE: Reason("crashed", "crashed in a calculation (SIGFPE)"),
}
