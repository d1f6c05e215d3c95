from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy_app.core.buckets import Bucket


def test_a_full_bucket_gives_a_minute_s_worth_at_once() -> None:
    bucket = Bucket.full(3, 0.0)
    taken = 0
    while not bucket.wait_seconds(1, 0.0):
        bucket.take(1, 0.0)
        taken += 1
    assert taken == 3


def test_an_empty_bucket_says_when_there_is_something_again() -> None:
    bucket = Bucket.full(60, 0.0)
    bucket.take(60, 0.0)
    assert bucket.wait_seconds(1, 0.0) == 1
    assert bucket.wait_seconds(1, 1.0) == 0


def test_what_was_spent_too_much_is_waited_for() -> None:
    bucket = Bucket.full(60, 0.0)
    bucket.take(180, 0.0)
    assert bucket.wait_seconds(1, 0.0) == 121


@given(
    st.integers(0, 1000), st.lists(st.tuples(st.floats(0, 100), st.integers(0, 50)), max_size=30)
)
def test_no_more_is_had_than_a_minute_s_worth_and_what_flowed_in(
    per_minute: int, steps: list[tuple[float, int]]
) -> None:
    bucket, now, taken = Bucket.full(per_minute, 0.0), 0.0, 0
    for pause, amount in steps:
        now += pause
        if not bucket.wait_seconds(amount, now):
            bucket.take(amount, now)
            taken += amount
    assert taken <= per_minute + now * per_minute / 60 + 1e-6
