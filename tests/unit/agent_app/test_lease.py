from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from agent_app.lease import AgentLease

HOLDER = """
import sys, time
from pathlib import Path
from agent_app.lease import AgentLease
lease = AgentLease(Path(sys.argv[1]))
assert lease.acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_lease_on_the_same_file_is_refused(tmp_path: Path) -> None:
    first, second = AgentLease(tmp_path / "lock"), AgentLease(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire()
    assert second.holder() == os.getpid()


def test_a_released_lease_is_free(tmp_path: Path) -> None:
    first, second = AgentLease(tmp_path / "lock"), AgentLease(tmp_path / "lock")
    assert first.acquire()
    first.release()
    assert second.acquire()


def test_a_killed_holder_leaves_the_lease_free(tmp_path: Path) -> None:
    program = "import sys; sys.path.insert(0, '.');" + HOLDER
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "lock")], stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert not AgentLease(tmp_path / "lock").acquire()
    finally:
        holder.kill()
        holder.communicate()
    assert AgentLease(tmp_path / "lock").acquire()
