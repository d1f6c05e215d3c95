from __future__ import annotations

import socket

import pytest

from agent_app.listening import ListenError, check_exposure, is_loopback, listen


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_permission(host: str) -> None:
    assert is_loopback(host)
    check_exposure(host, https=False, insecure_lan=False, has_admin=False, debug=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "127.0.0.1.evil"])
def test_nobody_listens_wider_before_there_is_an_admin(host: str) -> None:
    with pytest.raises(ListenError, match="no admin account"):
        check_exposure(host, https=True, insecure_lan=True, has_admin=False, debug=False)


def test_wider_needs_tls_or_the_word_insecure() -> None:
    with pytest.raises(ListenError, match="--insecure-lan"):
        check_exposure("0.0.0.0", https=False, insecure_lan=False, has_admin=True, debug=False)
    check_exposure("0.0.0.0", https=True, insecure_lan=False, has_admin=True, debug=False)
    check_exposure("0.0.0.0", https=False, insecure_lan=True, has_admin=True, debug=False)


def test_port_0_takes_a_free_port() -> None:
    with listen("127.0.0.1", 0) as bound:
        assert bound.getsockname()[1] > 0


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_there_is_not_is_one_sentence(port: int) -> None:
    with pytest.raises(ListenError, match=f"--port {port} is not allowed.*65535"):
        listen("127.0.0.1", port)


def test_what_shows_code_listens_on_loopback_only() -> None:
    check_exposure("127.0.0.1", https=False, insecure_lan=False, has_admin=True, debug=True)
    with pytest.raises(ListenError, match="LLAMADASH_DEBUG=1"):
        check_exposure("0.0.0.0", https=True, insecure_lan=True, has_admin=True, debug=True)


def test_a_taken_port_is_one_sentence_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=rf"127\.0\.0\.1:{port}.*another --port"):
            listen("127.0.0.1", port)
