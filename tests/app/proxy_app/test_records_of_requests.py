"""What is written when a request has ended."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from proxy_app import recording
from proxy_app.access import Limits
from proxy_app.capturing import ALL, ERRORS, Kept
from proxy_app.core.answers import Spent
from proxy_app.core.errors import GatewayError
from proxy_app.holders import Holder, _holders, month_of
from proxy_app.key_making import make_key
from proxy_app.models import ApiKey, KeyMonth, RequestCapture, RequestRecord
from proxy_app.recording import Account

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


def account(number: int = 1, **more: Any) -> Account:
    return Account(f"r{number}", AT, 0.0, "127.0.0.1", "/v1/chat/completions", "openai", **more)


def test_a_key_s_tokens_are_counted_by_month() -> None:
    row, _ = make_key("test")
    spent = Spent(prompt_tokens=10, generated_tokens=5)
    recording._write([account(n, key_id=row.pk, status=200, spent=spent) for n in range(3)])
    recording._write([account(9, key_id=row.pk, status=200, spent=spent)])
    month = KeyMonth.objects.get()
    assert (month.month, month.tokens, month.requests) == (date(2026, 11, 1), 60, 4)


def test_the_holder_of_a_key_knows_what_it_has_used() -> None:
    row, _ = make_key("test", tokens_per_month=100)
    KeyMonth.objects.create(api_key=row, month=month_of(datetime.now(UTC)), tokens=40)
    assert _holders()[row.public_id].tokens_this_month == 40


def test_a_key_whose_month_is_used_up_is_told_when_the_next_begins() -> None:
    limits, holder = Limits(), Holder(1, tokens_per_month=100, tokens_this_month=90)
    limits.take_request(holder)
    limits.spend_tokens(holder, 10)
    with pytest.raises(GatewayError) as refused:
        limits.take_request(holder)
    assert (refused.value.status, refused.value.code) == (429, "month_used_up")
    assert 0 < (refused.value.retry_after or 0) <= 31 * 86_400 + 1


def test_what_others_have_used_of_the_month_counts() -> None:
    limits = Limits()
    limits.spend_tokens(Holder(1, tokens_per_month=100), 10)
    with pytest.raises(GatewayError):
        limits.take_request(Holder(1, tokens_per_month=100, tokens_this_month=100))


def test_a_key_that_went_meanwhile_keeps_no_record_from_being_written() -> None:
    row, _ = make_key("test")
    ApiKey.objects.all().delete()
    recording._write([account(key_id=row.pk, key_name="test", status=200)])
    assert RequestRecord.objects.get().api_key is None
    assert RequestRecord.objects.get().key_name == "test"


def kept(policy: str) -> Kept:
    found = Kept(policy, {"messages": [{"role": "user", "content": "a secret"}]}, 1_000)
    found.add(b"the answer")
    return found


def test_the_bodies_of_a_request_are_kept_where_all_are() -> None:
    recording._write([account(kept=kept(ALL), status=200)])
    capture = RequestCapture.objects.get()
    assert "a secret" in capture.asked
    assert capture.answered == "the answer"
    assert capture.request.public_id == "r1"


def test_of_failed_ones_only_those_that_failed_are_kept() -> None:
    recording._write([account(1, kept=kept(ERRORS), status=200)])
    recording._write([account(2, kept=kept(ERRORS), status=502, error_code="engine_died")])
    assert RequestCapture.objects.get().request.public_id == "r2"


def test_without_a_wish_nothing_is_kept() -> None:
    recording._write([account(status=502, error_code="engine_died")])
    assert not RequestCapture.objects.exists()


def test_what_is_kept_of_an_answer_has_an_end() -> None:
    long = Kept(ALL, {}, 1_000)
    for _ in range(100):
        long.add(b"x" * 100)
    _, answered, is_cut = long.texts()
    assert (len(answered), is_cut) == (1_000, True)


def test_where_a_prompt_left_the_one_before_is_written() -> None:
    recording._write([account(status=200, shared_messages=4, left_at_message=5)])
    row = RequestRecord.objects.get()
    assert (row.shared_messages, row.left_at_message) == (4, 5)


def test_a_batch_of_five_hundred_is_written_by_few_statements(
    django_assert_max_num_queries: Any,
) -> None:
    row, _ = make_key("test")
    batch = [account(n, key_id=row.pk, status=200) for n in range(500)]
    with django_assert_max_num_queries(40):
        recording._write(batch)
    assert RequestRecord.objects.count() == 500


def test_a_request_that_no_database_takes_keeps_no_other_from_being_written() -> None:
    bad = account(1, status=200)
    bad.path = None  # type: ignore[assignment]
    assert recording._write_singly([bad, account(2, status=200)]) == 1
    assert RequestRecord.objects.get().public_id == "r2"


def test_who_leaves_before_the_figures_come_is_counted_by_what_came() -> None:
    assert account(n_events=40).tokens == 40
    assert account(n_events=40, spent=Spent(prompt_tokens=5, generated_tokens=7)).tokens == 12
