from __future__ import annotations

from typing import Any

import pytest

from proxy_app.core import body_checks
from proxy_app.core.errors import GatewayError


def refusal(said: dict[str, Any]) -> str:
    with pytest.raises(GatewayError) as refused:
        body_checks.check(said)
    assert refused.value.status == 400
    return refused.value.message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"a":NaN}', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(GatewayError) as refused:
        body_checks.parsed(body)
    assert refused.value.status == 400


@pytest.mark.parametrize("name", [None, "", 7, "x" * 600])
def test_a_request_must_name_a_model(name: Any) -> None:
    with pytest.raises(GatewayError) as refused:
        body_checks.model_name({"model": name})
    assert refused.value.code == "model_missing"


@pytest.mark.parametrize(
    "said",
    [
        {"n_discard": -1},  # CVE-2026-21869
        {"n_predict": -3},
        {"n_predict": 10**12},
        {"n_predict": "all"},
        {"max_tokens": True},
        {"n": 0},
        {"n": 1000},
        {"stream": "yes"},
        {"grammar": "x" * 300_000},
    ],
)
def test_absurd_parameters_are_refused_by_name(said: dict[str, Any]) -> None:
    assert f"`{next(iter(said))}`" in refusal(said)


@pytest.mark.parametrize("said", [{"max_tokens": 5}, {"n_predict": -1}, {"n": 2.0}, {"n": None}])
def test_usual_parameters_are_taken(said: dict[str, Any]) -> None:
    body_checks.check(said)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}},
        {"type": "image_url", "image_url": "https://example.org/a.png"},
        {"type": "input_image", "image_url": "file:///etc/passwd"},
        {"type": "image", "source": {"type": "url", "url": "http://example.org/"}},
    ],
)
def test_an_engine_is_not_sent_to_fetch_anything(part: dict[str, Any]) -> None:
    assert "data:" in refusal({"messages": [{"role": "user", "content": [part]}]})


def test_an_image_in_the_request_itself_is_taken() -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    body_checks.check({"messages": [{"role": "user", "content": [part]}]})


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_body_that_is_nested_too_deep_is_refused(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    with pytest.raises(GatewayError, match="nested deeper"):
        body_checks.parsed(b'{"messages":' + opening * 300 + b"1" + closing * 300 + b"}")


def test_a_body_of_many_messages_is_not_deep() -> None:
    many = b",".join([b'{"role":"user","content":[{"type":"text"}]}'] * 500)
    assert len(body_checks.parsed(b'{"messages":[' + many + b"]}")["messages"]) == 500


def test_a_name_with_a_nul_is_refused() -> None:
    with pytest.raises(GatewayError, match="NUL"):
        body_checks.model_name({"model": "a\0b"})
