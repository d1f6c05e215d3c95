from __future__ import annotations

import pytest

from proxy_app.core import head
from proxy_app.core.errors import GatewayError


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"3"), (b"content-length", b"4")],
        [(b"content-length", b"3"), (b"transfer-encoding", b"chunked")],
        [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"identity")],
        [(b"transfer-encoding", b"gzip, chunked")],
        [(b"content-length", b"+5")],
        [(b"content-length", b"-1")],
        [(b"content-length", b"9" * 40)],
        [(b"host", b"a"), (b"host", b"b")],
        [(b"authorization", b"a"), (b"authorization", b"b")],
    ],
)
def test_ambiguous_framing_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(GatewayError) as refused:
        head.checked(headers)
    assert refused.value.status == 400


def test_a_compressed_body_is_refused() -> None:
    with pytest.raises(GatewayError) as refused:
        head.checked([(b"content-encoding", b"gzip")])
    assert refused.value.status == 415


def test_plain_headers_are_taken() -> None:
    headers = [(b"host", b"a"), (b"content-length", b"3")]
    assert head.checked(headers) == dict(headers)


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("/v1/admin", b"/v1/../admin"),
        ("/v1/models", b"/v1/%6dodels"),
        ("/v1/models", b"//v1/models"),
        ("/v1/models", b"http://host/v1/models"),
        ("/v1/models/..", b"/v1/models/.."),
        ("/v1/a/b", b"/v1/a%2fb"),
    ],
)
def test_a_path_that_is_written_otherwise_than_it_is_meant_is_refused(
    path: str, raw: bytes
) -> None:
    with pytest.raises(GatewayError) as refused:
        head.check_target(path, raw)
    assert refused.value.status in (400, 404)


def test_a_question_mark_ends_the_path() -> None:
    head.check_target("/v1/models", b"/v1/models?a=//b")
