"""Why a process ended: exit code, signal and its first words of complaint, in plain words."""

from __future__ import annotations

import re
import signal
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine_app.core.reasons import (
    KILLED,
    PERMANENT,
    RULES,
    SIGNALS,
    Reason,
    Rule,
)
from models_app.core.cleaning import clean_line

# What an engine prints decides how long its judgement takes: the rules see so many lines, and of a
# long one its beginning and its end, between which a long path may stand.
MOST_LINES: Final = 400
HEAD: Final = 400
TAIL: Final = 200
MOST_QUOTED: Final = 240
# `0.00.014.863 E srv …`, also behind a router child's `[8081] `, and as a line of JSON.
_COMPLAINT: Final = re.compile(
    r"\s{0,20}(?:\[\d{1,5}\] ?)?"
    r"(?:[\d.]{5,24} E |error: |terminate called |GGML_ASSERT|CUDA error"
    r"|.{0,200}error while loading"
    r'|\{"type": ?"log",.{0,80}"level": ?"error"|.{0,200}GGML_ASSERT\()'
)


@dataclass(frozen=True, slots=True)
class Verdict:
    code: str
    sentence: str
    advice: str = ""

    @property
    def is_permanent(self) -> bool:
        """Trying again without a change cannot help."""
        return self.code in PERMANENT


def verdict(exit_code: int | None, number: int | None, lines: Iterable[str]) -> Verdict:
    """`number` is the signal that ended it. `lines` are what it printed, oldest first."""
    complaints, others = list[str](), list[str]()
    for line in deque(lines, maxlen=MOST_LINES):
        text = line if len(line) <= HEAD + TAIL else f"{line[:HEAD]} … {line[-TAIL:]}"
        (complaints if _COMPLAINT.match(text) else others).append(text)
    # The loader tries twice and sums up at the end: the first complaint is the cause.
    if found := _first(complaints) or _first(others):
        return found
    if number is not None:
        return _of_signal(number, complaints)
    return _of_code(exit_code, complaints)


def _first(lines: Sequence[str]) -> Verdict | None:
    for line in lines:
        for rule in RULES:
            if rule.sign in line and (match := rule.pattern.search(line)):
                return _of_rule(rule, match)
    return None


def _of_rule(rule: Rule, match: re.Match[str]) -> Verdict:
    named = match.groupdict().get("what")
    what = (clean_line(named, MOST_QUOTED) if named else None) or "?"
    sentence = rule.reason.sentence.replace("{what}", what)
    return Verdict(rule.reason.code, sentence, rule.reason.advice)


def _of_signal(number: int, complaints: Sequence[str]) -> Verdict:
    reason = SIGNALS.get(number) or Reason(KILLED, f"ended by {signal_name(number)}")
    return Verdict(reason.code, _with_words(reason.sentence, complaints), reason.advice)


def _of_code(exit_code: int | None, complaints: Sequence[str]) -> Verdict:
    if exit_code is None:
        return Verdict("ended_unseen", "ended while nobody watched; its exit code is not known")
    if exit_code == 0:
        return Verdict("ended", "ended by itself with exit code 0, which nobody asked for")
    sentence = _with_words(f"ended with exit code {exit_code}", complaints)
    return Verdict("exited", sentence, "Its log has the details.")


def _with_words(sentence: str, complaints: Sequence[str]) -> str:
    quoted = clean_line(complaints[0], MOST_QUOTED) if complaints else None
    return f"{sentence}; its first complaint: {quoted}" if quoted else sentence


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
