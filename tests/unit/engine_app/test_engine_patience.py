from __future__ import annotations

from engine_app.running.patience import Patience


def test_a_hung_engine_is_gone_within_half_a_minute() -> None:
    patience = Patience()
    found_after = patience.live_every + patience.live_misses * patience.live_answer
    assert found_after + patience.kill <= 30


def test_a_large_model_has_longer_to_start() -> None:
    patience = Patience(start=600)
    assert patience.start_of(0) == 600
    assert patience.start_of(40 << 30) == 1800
