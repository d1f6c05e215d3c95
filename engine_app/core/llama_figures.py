"""What an engine does, from two readings of llama.cpp's counters.

llama.cpp adds the tokens of an answer to `tokens_predicted_total` when the answer ends: of that
alone a minute of work would be nothing, then all in one moment. `n_decode_total` moves with every
step, and `n_busy_slots_per_decode` says for how many answers at once: together they count tokens
as they come, but for a few steps that read a prompt. Its own gauges of speed are not used: they
are 0 right after traffic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from metrics_app.core.rates import Rates

PROMPT: Final = "llamacpp:prompt_tokens_total"
PREDICTED: Final = "llamacpp:tokens_predicted_total"
DECODES: Final = "llamacpp:n_decode_total"
BUSY_PER_DECODE: Final = "llamacpp:n_busy_slots_per_decode"
PROCESSING: Final = "llamacpp:requests_processing"
DEFERRED: Final = "llamacpp:requests_deferred"
DRAFTED: Final = "llamacpp:spec_decode_num_draft_tokens_total"
ACCEPTED: Final = "llamacpp:spec_decode_num_accepted_tokens_total"
CACHE_USED: Final = "llamacpp:kv_cache_usage_ratio"  # of builds before 2026

_COUNTERS: Final = (PROMPT, PREDICTED, DECODES, DRAFTED, ACCEPTED)
# The mean is told with six digits: of more steps, the difference of two sums is noise.
_MOST_EXACT_DECODES: Final = 1e5


class LlamaFigures:
    """Of one process. None is what two readings do not tell: the first one, a restart between."""

    def __init__(self) -> None:
        self._rates: Rates[str] = Rates()
        self._before: Mapping[str, float] = {}
        self._at = 0.0
        self._owed = 0.0  # tokens that were finished and not yet seen as they came
        self._generates = True

    def update(self, told: Mapping[str, float], monotonic: float) -> dict[str, float | None]:
        counters = {name: told[name] for name in _COUNTERS if name in told}
        rates = self._rates.update(counters, monotonic)
        seconds, self._at = monotonic - self._at, monotonic
        figures = {
            "tokens_per_second": self._tokens_per_second(told, rates, seconds),
            "prompt_tokens_per_second": rates.get(PROMPT),
            "requests_processing": told.get(PROCESSING),
            "requests_deferred": told.get(DEFERRED),
        }
        self._before = told
        return figures | _where_given(told, rates)

    def _tokens_per_second(
        self, told: Mapping[str, float], rates: Mapping[str, float | None], seconds: float
    ) -> float | None:
        finished, decodes = rates.get(PREDICTED), rates.get(DECODES)
        is_idle = told.get(PROCESSING) == 0
        if told.get(PREDICTED):
            self._generates = True
        elif is_idle and told.get(DECODES):  # it makes embeddings: its steps are no tokens
            self._generates = False
        if finished is None or decodes is None or not self._generates:
            self._owed = 0.0
            return finished
        seen = decodes * self._busy(told)
        self._owed += (finished - seen) * seconds
        if not is_idle:
            return seen
        # All is finished, so that is right, whatever a step made: drafts make several tokens.
        owed, self._owed = max(0.0, self._owed), 0.0
        return seen + owed / seconds

    def _busy(self, told: Mapping[str, float]) -> float:
        """Answers that a step since the last reading went on with, in the mean."""
        now, before = told[DECODES], self._before[DECODES]
        if now <= before:
            return 0.0
        if now <= _MOST_EXACT_DECODES:
            steps = now * told.get(BUSY_PER_DECODE, 1.0)
            return max(0.0, steps - before * self._before.get(BUSY_PER_DECODE, 1.0)) / (
                now - before
            )
        return max(1.0, (told.get(PROCESSING, 0.0) + self._before.get(PROCESSING, 0.0)) / 2)


def _where_given(
    told: Mapping[str, float], rates: Mapping[str, float | None]
) -> dict[str, float | None]:
    """What only some builds tell, or only with a draft model."""
    found: dict[str, float | None] = {}
    if CACHE_USED in told:
        found["kv_cache_ratio"] = told[CACHE_USED]
    if told.get(DRAFTED):
        found["draft_acceptance_ratio"] = _share(rates.get(ACCEPTED), rates.get(DRAFTED))
    return found


def _share(part: float | None, whole: float | None) -> float | None:
    return min(part / whole, 1.0) if whole and part is not None else None
