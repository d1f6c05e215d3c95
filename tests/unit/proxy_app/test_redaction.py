from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_app.core.api_keys import new_key
from proxy_app.core.redaction import redacted


@pytest.mark.parametrize(
    "secret",
    [
        new_key().text,
        "sk-" + "a1" * 20,
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijklmnop",
    ],
)
def test_what_looks_like_a_key_is_not_kept(secret: str) -> None:
    said = {"messages": [{"role": "user", "content": f"my key is {secret}, use it"}]}
    text, _ = redacted(said, 10_000)
    assert secret not in text
    assert "my key is ***, use it" in text


@pytest.mark.parametrize("text", ["password=hunter2hunter2", '"api_key": "hunter2hunter2"'])
def test_what_follows_the_word_password_is_not_kept(text: str) -> None:
    found, _ = redacted(text, 1_000)
    assert "hunter2" not in found


def test_an_image_becomes_its_size() -> None:
    image = "data:image/png;base64," + "A" * 5_000
    said = {"messages": [{"content": [{"type": "image_url", "image_url": {"url": image}}]}]}
    text, is_cut = redacted(said, 10_000)
    assert "AAAA" not in text
    assert not is_cut


def test_a_long_text_is_cut_and_said_to_be() -> None:
    text, is_cut = redacted("ä" * 1_000, 100)
    assert text == "ä" * 50
    assert is_cut


def test_a_secret_at_the_cut_is_not_kept_in_part() -> None:
    secret = "sk-" + "a1" * 40
    text, _ = redacted("x" * 90 + " " + secret, 100)
    assert "sk-" not in text


@given(st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_json_becomes_a_text_that_is_short_enough(said: Any) -> None:
    text, _ = redacted(said, 200)
    assert len(text.encode()) <= 200


def test_the_media_of_a_completion_become_their_size() -> None:
    said = {"prompt": {"prompt_string": "<image>", "multimodal_data": ["A" * 5_000]}}
    text, _ = redacted(said, 10_000)
    assert "AAAA" not in text
    assert "[5,000 characters]" in text


@pytest.mark.parametrize("name", ["images", "messages"])
def test_no_depth_is_too_deep(name: str) -> None:
    said: Any = "x"
    for _ in range(5_000):
        said = [said]
    text, _ = redacted({name: said}, 100_000)
    assert "[too deep]" in text


def test_of_a_long_question_no_more_is_looked_at_than_is_kept() -> None:
    text, is_cut = redacted({"input": ["x" * 50] * 1_000_000}, 1_000)
    assert is_cut
    assert len(text) == 1_000
