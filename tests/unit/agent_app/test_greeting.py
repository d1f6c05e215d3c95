from __future__ import annotations

import socket
from types import SimpleNamespace

import psutil
import pytest

from agent_app.greeting import addresses, https_address, own_names

LOCAL = ["localhost", "127.0.0.1", "[::1]"]


@pytest.fixture(autouse=True)
def _two_interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(family: int, address: str) -> SimpleNamespace:
        return SimpleNamespace(family=family, address=address)

    interfaces = {
        "lo": [found(socket.AF_INET, "127.0.0.1"), found(socket.AF_INET6, "::1")],
        "eth0": [
            found(socket.AF_INET, "192.168.1.5"),
            found(socket.AF_INET6, "fd00::5"),
            found(socket.AF_INET6, "fe80::1%eth0"),
        ],
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: interfaces)


def test_a_machine_is_called_by_its_names_and_addresses() -> None:
    names = own_names("box.lan")
    assert names[0] == "box.lan"
    assert {"box.local", "192.168.1.5", "[fd00::5]"} <= set(names)
    assert not any("fe80" in name or name == "127.0.0.1" for name in names)


def test_what_listens_everywhere_is_told_by_addresses_one_can_open() -> None:
    allowed = [*LOCAL, *own_names("box")]
    assert addresses("0.0.0.0", 80, allowed) == ["http://192.168.1.5:80", "http://127.0.0.1:80"]
    assert addresses("::", 80, allowed) == ["http://[fd00::5]:80", "http://[::1]:80"]


def test_an_address_that_would_be_refused_is_not_told() -> None:
    told = addresses("0.0.0.0", 80, ["box.lan"], ["box.lan"])
    assert told == ["http://box.lan:80"]


def test_loopback_is_told_as_it_is() -> None:
    assert addresses("127.0.0.1", 8000, LOCAL) == ["http://127.0.0.1:8000"]
    assert addresses("::1", 8000, LOCAL) == ["http://[::1]:8000"]


def test_with_tls_in_front_the_first_allowed_name_is_told() -> None:
    assert https_address(["*.lan", ".example.org", "box.example.org"]) == "https://box.example.org"
    assert https_address(["*"]) == "https://localhost"
