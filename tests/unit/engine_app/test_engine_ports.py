from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from engine_app.running.identity import owns_port
from engine_app.running.ports import NoFreePort, free_port


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = free_port(range(port, port + 50), set())
    assert found > port


def test_a_promised_port_is_passed_over_and_a_former_one_comes_first() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ports = range(port, port + 1)
    assert free_port(ports, set(), [port, 80]) == port
    with pytest.raises(NoFreePort, match=f"from {port} to {port}"):
        free_port(ports, {port})


def test_who_listens_is_known_by_the_socket_and_not_by_its_number() -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        assert owns_port(os.getpid(), port)
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        with subprocess.Popen(command, start_new_session=True) as other:
            try:
                assert not owns_port(other.pid, port)
            finally:
                other.kill()
    assert not owns_port(os.getpid(), port)
