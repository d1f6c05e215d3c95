"""What an engine's answer says of tokens and time, in whichever dialect it comes.

`timings` come before `usage`: they are the engine's own count. What is not said stays None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MOST_TOKENS: Final = 2**53
MOST_TEXT: Final = 64


@dataclass(slots=True)
class Spent:
    """Tokens and rates (tokens a second) of one request."""

    prompt_tokens: int | None = None  # with those that were in the cache
    cached_tokens: int | None = None
    generated_tokens: int | None = None
    prompt_per_second: float | None = None
    generated_per_second: float | None = None
    draft_tokens: int | None = None
    draft_accepted_tokens: int | None = None
    finish_reason: str | None = None
    has_timings: bool = False
    n_noted: int = field(default=0, compare=False)  # answers and events

    def note(self, said: Any) -> None:
        """One answer, or one event of a stream; later ones count more."""
        if not isinstance(said, dict):
            return
        self.n_noted += 1
        self._note_reason(said)
        timings = said.get("timings")
        if isinstance(timings, dict):
            self._note_timings(timings)
        if not self.has_timings:
            for place in (said, said.get("response"), said.get("message")):
                if isinstance(place, dict) and isinstance(usage := place.get("usage"), dict):
                    self._note_usage(usage)

    def _note_timings(self, timings: Mapping[str, Any]) -> None:
        prompt, cached = _whole(timings.get("prompt_n")), _whole(timings.get("cache_n"))
        self.has_timings = True
        self.cached_tokens = cached
        self.prompt_tokens = None if prompt is None else prompt + (cached or 0)
        self.generated_tokens = _whole(timings.get("predicted_n"))
        self.prompt_per_second = _rate(timings.get("prompt_per_second"))
        # Counted without the first token: one token has no rate.
        many = (self.generated_tokens or 0) > 1
        self.generated_per_second = _rate(timings.get("predicted_per_second")) if many else None
        self.draft_tokens = _whole(timings.get("draft_n"))
        self.draft_accepted_tokens = _whole(timings.get("draft_n_accepted"))

    def _note_usage(self, usage: Mapping[str, Any]) -> None:
        cached = _first(usage, "cache_read_input_tokens")
        for details in ("prompt_tokens_details", "input_tokens_details"):
            if cached is None and isinstance(inner := usage.get(details), dict):
                cached = _whole(inner.get("cached_tokens"))
        if cached is not None:
            self.cached_tokens = cached
        prompt = _first(usage, "prompt_tokens", "input_tokens")
        if prompt is not None:
            # Anthropic counts what was cached apart.
            apart = "cache_read_input_tokens" in usage
            self.prompt_tokens = prompt + (cached or 0) if apart else prompt
        generated = _first(usage, "completion_tokens", "output_tokens")
        if generated is not None:
            self.generated_tokens = generated

    def _note_reason(self, said: Mapping[str, Any]) -> None:
        choices = said.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            self._take_reason(choices[0].get("finish_reason"))
        self._take_reason(said.get("stop_reason"))
        delta = said.get("delta")
        if isinstance(delta, dict):
            self._take_reason(delta.get("stop_reason"))
        if said.get("stop") is True:  # llama.cpp's own
            self._take_reason(said.get("stop_type"))

    def _take_reason(self, word: Any) -> None:
        if isinstance(word, str) and word:
            self.finish_reason = word[:MOST_TEXT]


def _first(usage: Mapping[str, Any], *names: str) -> int | None:
    return next((n for name in names if (n := _whole(usage.get(name))) is not None), None)


def _whole(value: Any) -> int | None:
    if type(value) is int and 0 <= value < MOST_TOKENS:
        return value
    return None


def _rate(value: Any) -> float | None:
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value < 1e9:
        return None
    return float(value)
