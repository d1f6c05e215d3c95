"""The client against servers that do what they should not."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine_app.attached.client import Client, Unreachable, Wrong
from engine_app.attached.looking import Looker
from engine_app.core.server_address import Address, read_address
from engine_app.models import ServerState
from tests.fakes.attached import Server, running


async def state_of(server: Server, key: str = "") -> tuple[str, str]:
    async with Client(read_address(server.url), key) as client:
        seen = await Looker(client, has_key=bool(key)).look()
    return seen.state, seen.reason


@pytest.mark.parametrize(
    ("order", "state", "why"),
    [
        ("close ", ServerState.UNREACHABLE, "closed the connection"),
        ("garbage ", ServerState.WRONG, "not HTTP"),
        ("redirect http://169.254.169.254/", ServerState.WRONG, "not followed"),
        ("long 10000000", ServerState.WRONG, "longer than 4 MiB"),
        ("endless ", ServerState.WRONG, "longer than 4 MiB"),
        ("json nonsense", ServerState.WRONG, "not as a llama-server"),
        ("json []", ServerState.WRONG, "not as a llama-server"),
        ('json {"role": "router", "data": 7}', ServerState.WRONG, "no list of models"),
        ("status 500 ", ServerState.WRONG, "the status 500"),
        ("status 401 ", ServerState.REFUSED, "wants a key"),
        ("status 401 /models", ServerState.REFUSED, "wants a key"),
        ("status 404 /models", ServerState.WRONG, "no list of models"),
    ],
)
async def test_what_goes_wrong_is_said(tmp_path: Path, order: str, state: str, why: str) -> None:
    with running(tmp_path, "model a", order) as there:
        found, reason = await state_of(there)
    assert found == state and why in reason


@pytest.mark.parametrize("order", ["hang ", "drip"])
async def test_an_answer_that_does_not_come_is_not_waited_for(tmp_path: Path, order: str) -> None:
    with running(tmp_path, "model a", order) as there:
        async with Client(read_address(there.url)) as client:
            began = time.monotonic()
            with pytest.raises(Unreachable, match=r"within 0\.3 seconds"):
                await client.get("/props", seconds=0.3)
            assert time.monotonic() - began < 3


async def test_deep_json_is_no_answer(tmp_path: Path) -> None:
    with running(tmp_path, "model a", "json " + "[" * 50_000) as there:
        assert (await state_of(there))[0] == ServerState.WRONG


async def test_nobody_there_is_said_with_host_and_port() -> None:
    async with Client(Address("http", "127.0.0.1", 9)) as client:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1, port 9: Connection refused"):
            await client.get("/")


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "fe80::1", "0.0.0.0", "::ffff:169.254.169.254"]
)
async def test_a_forbidden_address_is_not_even_tried(host: str) -> None:
    """However it came into the database."""
    async with Client(Address("http", host, 80)) as client:
        began = time.monotonic()
        with pytest.raises(Wrong):
            await client.get("/", seconds=5)
        assert time.monotonic() - began < 3


async def test_a_name_that_means_another_address_the_second_time_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["127.0.0.1", "169.254.169.254"]

    async def resolved(host: str, port: int, **_: Any) -> list[Any]:
        where = (answers.pop(0), port)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)]

    with running(tmp_path, "model a") as there:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
        address = Address("http", "rebinding.example", there.port)
        async with Client(address) as client:
            assert (await client.get("/health")).is_ok
        async with Client(address) as client:
            with pytest.raises(Wrong, match=r"169\.254\.169\.254"):
                await client.get("/health")


async def test_proxies_and_passwords_of_the_environment_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with running(tmp_path, "model a") as there:
        async with Client(read_address(there.url)) as client:
            assert (await client.get("/health")).is_ok


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate(tmp_path))
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with Client(Address("https", "localhost", port)) as client:
            with pytest.raises(Wrong, match="certificate is not to be trusted: self-signed"):
                await client.get("/")


def own_certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + certificate.public_bytes(pem))
    return path
