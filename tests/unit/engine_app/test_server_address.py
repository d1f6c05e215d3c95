from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.server_address import WrongAddress, read_address, why_not, why_not_text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("forge", "http://forge:8080"),
        ("forge:9000", "http://forge:9000"),
        ("HTTP://Forge/", "http://forge"),
        ("https://forge.example/llama/", "https://forge.example/llama"),
        ("http://10.0.0.7:8080/v1", "http://10.0.0.7:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("  127.0.0.1:8080  ", "http://127.0.0.1:8080"),
        ("http://forge.:1", "http://forge:1"),
    ],
)
def test_an_address_is_read_in_one_form(text: str, read: str) -> None:
    assert str(read_address(text)) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://",
        "http:///x",
        "file:///etc/passwd",
        "http://user@host",
        "http://user:word@host",
        "http://host:0",
        "http://host:99999",
        "http://host:port",
        "http://127.1",
        "http://0x7f.1",
        "http://0x7f000001",
        "http://2130706433",
        "http://010.0.0.1",
        "http://host/?q",
        "http://host/#f",
        "http://host/../x",
        "http://host//x",
        "http://host/%2e%2e/",
        "http://ho st",
        "http://host\\@evil",
        "http://höst",
        "http://host\r\nX: y",
        "http://-host",
        "http://[::1",
        "http://[fe80::1%25eth0]:80",
        "x" * 501,
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(WrongAddress):
        read_address(text)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[fe80::1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[64:ff9b::a9fe:a9fe]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "0.0.0.0",
        "[::]",
        "224.0.0.1",
        "[ff02::1]",
        "255.255.255.255",
        "240.0.0.1",
    ],
)
def test_addresses_that_give_secrets_away_or_are_of_no_machine_are_refused(host: str) -> None:
    with pytest.raises(WrongAddress):
        read_address(f"http://{host}:8080/")


@pytest.mark.parametrize(
    "ip", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "fd12::5", "8.8.8.8"]
)
def test_this_machine_and_private_networks_may_be_connected_to(ip: str) -> None:
    assert why_not(ipaddress.ip_address(ip)) == ""


def test_what_a_socket_is_told_is_looked_at_with_its_scope() -> None:
    assert why_not_text("fe80::1%eth0") and why_not_text("no address")
    assert why_not_text("127.0.0.1") == ""


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_is_refused_in_words(text: str) -> None:
    try:
        address = read_address(text)
    except WrongAddress as why:
        assert str(why)
    else:
        assert read_address(str(address)) == address


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_judged_alike_in_ipv6_clothes(number: int) -> None:
    plain = ipaddress.IPv4Address(number)
    mapped = ipaddress.IPv6Address(f"::ffff:{plain}")
    nat64 = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number)
    assert bool(why_not(plain)) == bool(why_not(mapped)) == bool(why_not(nat64))
