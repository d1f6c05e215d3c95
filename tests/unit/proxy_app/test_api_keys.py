from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_app.core import api_keys


def test_a_new_key_is_known_by_its_digest() -> None:
    key = api_keys.new_key()
    assert api_keys.public_id(key.text) == key.public_id
    assert api_keys.is_same(key.text, key.digest)


def test_a_key_of_the_same_name_with_another_secret_is_another_one() -> None:
    key = api_keys.new_key()
    other = key.text[:-1] + ("a" if key.text[-1] != "a" else "b")
    assert api_keys.public_id(other) == key.public_id
    assert not api_keys.is_same(other, key.digest)


@given(st.text(max_size=80))
def test_whatever_is_sent_as_a_key_is_no_error(text: str) -> None:
    api_keys.public_id(text)
    assert not api_keys.is_same(text, "0" * 64)


BASIC = base64.b64encode(b"anybody:ld_secret")


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": b"Bearer ld_secret"},
        {b"authorization": b"bearer ld_secret"},
        {b"authorization": b"ld_secret"},
        {b"authorization": b"Basic " + BASIC},
        {b"x-api-key": b"ld_secret"},
    ],
)
def test_a_key_may_come_in_each_way_that_clients_send_one(headers: dict[bytes, bytes]) -> None:
    assert api_keys.given(headers) == "ld_secret"


def test_authorization_comes_before_x_api_key() -> None:
    headers = {b"authorization": b"Bearer one", b"x-api-key": b"two"}
    assert api_keys.given(headers) == "one"


def test_no_key_is_not_an_empty_key() -> None:
    assert api_keys.given({}) is None
    assert api_keys.given({b"authorization": b"Basic !!!"}) == ""
