from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory

from llamadash import middleware, perf
from tests.factories import make_model

pytestmark = pytest.mark.django_db
GZIP = {"Accept-Encoding": "gzip"}


def test_a_page_is_compressed_for_whoever_can_read_it(admin_client: Client) -> None:
    plain = admin_client.get("/settings/")
    packed = admin_client.get("/settings/", headers=GZIP)
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert b"<h1>Settings</h1>" in gzip.decompress(packed.content)
    assert "Accept-Encoding" in plain["Vary"] and "Accept-Encoding" in packed["Vary"]


def test_the_first_page_with_fifty_models_is_small(admin_client: Client) -> None:
    for _ in range(60):
        make_model()
    html = admin_client.get("/models/", headers=GZIP)
    assert gzip.decompress(html.content).count(b'role="row"') >= 50
    assert len(html.content) <= 20_000


def test_what_is_short_is_sent_as_it_is(admin_client: Client) -> None:
    assert "Content-Encoding" not in admin_client.get("/healthz", headers=GZIP)
    assert "Content-Encoding" not in admin_client.get("/api/models/", headers=GZIP)


def test_a_compressed_list_has_a_weak_etag_that_is_recognized(admin_client: Client) -> None:
    for _ in range(5):
        make_model()
    plain = admin_client.get("/api/models/")
    packed = admin_client.get("/api/models/", headers=GZIP)
    assert packed["ETag"] == f"W/{plain['ETag']}"
    assert gzip.decompress(packed.content) == plain.content
    for etag in (plain["ETag"], packed["ETag"]):
        again = admin_client.get("/api/models/", headers={**GZIP, "If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
        assert "Accept-Encoding" in again["Vary"]


def test_a_stream_is_timed_to_its_end(rf: RequestFactory) -> None:
    answer = middleware.timing(lambda _: StreamingHttpResponse(iter([b"a", b"b"])))(rf.get("/x/"))
    assert isinstance(answer, StreamingHttpResponse)
    assert perf.monitor.summaries() == []
    assert b"".join(answer) == b"ab"
    assert perf.monitor.summaries()[0].count == 1


def test_a_stream_that_breaks_off_is_an_error(rf: RequestFactory) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"a"
        raise ValueError

    answer = middleware.timing(lambda _: StreamingHttpResponse(breaks()))(rf.get("/x/"))
    with pytest.raises(ValueError):
        b"".join(answer)
    assert perf.monitor.summaries()[0].last_error == "ValueError"


def test_a_client_s_mistake_is_no_error_of_the_list(admin_client: Client) -> None:
    assert admin_client.get("/api/models/?nonsense=1").status_code == 422
    found = {each.name: each.errors for each in perf.monitor.summaries()}
    assert found["models.api_list"] == 0
