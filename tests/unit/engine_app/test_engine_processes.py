"""Real processes: started, watched, ended, and nothing left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine_app import process
from engine_app.child_environment import MARK
from engine_app.process import Child, Exit, LaunchFailed, ask, launch
from engine_app.running import identity
from engine_app.running.adopting import reap_marked
from engine_app.running.identity import started_ticks
from tests.fakes.serving import wait_until

SLEEP = "import time; time.sleep(600)"


@pytest.fixture
def output(tmp_path: Path) -> int:
    return os.open(tmp_path / "output", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)


def python(code: str, output: int, folder: Path) -> Child:
    try:
        return launch([sys.executable, "-c", code], {"PATH": "/usr/bin"}, output, folder)
    finally:
        os.close(output)


@pytest.mark.parametrize("has_descriptors", [True, False])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise SystemExit(3)", Exit(code=3)),
        ("import os; os.kill(os.getpid(), 11)", Exit(signal=signal.SIGSEGV)),
    ],
)
async def test_the_end_is_seen_with_code_or_signal(
    output: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    expected: Exit,
    has_descriptors: bool,
) -> None:
    if not has_descriptors:
        monkeypatch.delattr(os, "pidfd_open")
        monkeypatch.setattr(process, "POLL_SECONDS", 0.01)
    child = python(code, output, tmp_path)
    assert await child.wait(20)
    assert child.exit == expected
    assert not psutil.pid_exists(child.pid)


async def test_it_has_a_session_an_empty_input_and_none_of_our_files(
    output: int, tmp_path: Path
) -> None:
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        code = f"import os; os.fstat({ours.fileno()})"
        assert await (child := python(code, output, tmp_path)).wait(20)
        assert child.exit == Exit(code=1)
    assert "Bad file descriptor" in (tmp_path / "output").read_text()


async def test_an_interrupt_of_our_group_does_not_reach_it(output: int, tmp_path: Path) -> None:
    child = python(SLEEP, output, tmp_path)
    assert os.getpgid(child.pid) == os.getsid(child.pid) == child.pid
    child.kill_group()
    assert await child.wait(10)


async def test_what_it_started_ends_with_it(output: int, tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time;"
        f"p = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]);"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    child = python(code, output, tmp_path)
    said = tmp_path / "output"
    wait_until(lambda: said.read_text().endswith("\n"), "the grandchild")
    grandchild = psutil.Process(int(said.read_text()))
    child.signal(signal.SIGTERM)
    assert await child.wait(10)
    wait_until(lambda: not grandchild.is_running(), "the grandchild to be gone")


async def test_a_process_that_was_let_go_runs_on(output: int, tmp_path: Path) -> None:
    first = python(SLEEP, output, tmp_path)
    first.let_go()
    second = Child(first.pid)
    assert second.started_ticks == started_ticks(first.pid) is not None
    second.signal(signal.SIGKILL)
    assert await second.wait(10)
    assert second.exit == Exit(signal=signal.SIGKILL)


async def test_a_program_that_is_not_there_is_said(output: int, tmp_path: Path) -> None:
    with pytest.raises(LaunchFailed, match="No such file"):
        launch([str(tmp_path / "nothing")], {}, output, tmp_path)
    with pytest.raises(LaunchFailed, match="null byte"):
        launch([sys.executable, "a\0b"], {}, output, tmp_path)
    os.close(output)


def test_a_number_without_a_process_has_no_start() -> None:
    assert started_ticks(1 << 22) is None


def test_a_question_is_answered_with_all_that_was_printed() -> None:
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(2)"
    answer = ask([sys.executable, "-c", code], {}, seconds=20, most_bytes=1000)
    assert (answer.code, answer.text, answer.problem) == (2, "out\nerr\n", "")


@pytest.mark.parametrize(
    ("code", "word"),
    [(SLEEP, "within"), ("while True: print('x' * 1000)", "far more")],
)
def test_a_question_ends_in_bounded_time_and_space(code: str, word: str) -> None:
    answer = ask([sys.executable, "-c", code], {}, seconds=1, most_bytes=100_000)
    assert answer.code is None and word in answer.problem


def test_a_program_that_is_killed_is_said_to_be() -> None:
    code = "import os; os.kill(os.getpid(), 9)"
    answer = ask([sys.executable, "-c", code], {}, seconds=20, most_bytes=1000)
    assert (answer.code, answer.signal) == (None, signal.SIGKILL)


def test_what_a_question_has_started_holds_up_no_answer_and_is_gone(tmp_path: Path) -> None:
    """It has its output still, so that there is no end of that."""
    code = (
        "import subprocess, sys;"
        f"print(subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid, flush=True)"
    )
    answer = ask([sys.executable, "-c", code], {}, seconds=60, most_bytes=1000)
    assert (answer.code, answer.problem) == (0, "")
    started = int(answer.text)
    wait_until(lambda: not is_alive(started), "what it has started to be gone")


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_carries_a_mark_is_ended_wherever_it_is() -> None:
    mark = f"test:{os.getpid()}"
    environment = {**os.environ, MARK: mark}
    with (
        subprocess.Popen(
            [sys.executable, "-c", SLEEP], env=environment, start_new_session=True
        ) as marked,
        subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True) as other,
    ):
        wait_until(lambda: identity.mark(marked.pid) == mark, "it to be itself")
        assert process.end_marked(mark) == 1
        assert marked.wait(10) == -signal.SIGKILL
        assert process.end_marked(mark) == 0
        assert other.poll() is None
        other.kill()
        other.wait(10)


def test_of_those_with_a_mark_all_are_ended_that_do_not_belong_to_a_kept_one() -> None:
    mark = f"test:{os.getpid()}"
    environment = {**os.environ, MARK: mark}
    words = [sys.executable, "-c", SLEEP]
    with (
        subprocess.Popen(words, env=environment, start_new_session=True) as kept,
        subprocess.Popen(words, env=environment, start_new_session=True) as stray,
    ):
        both = {kept.pid, stray.pid}
        try:
            wait_until(
                lambda: {pid for pid in both if identity.mark(pid) == mark} == both,
                "both to be there",
            )
            reap_marked(mark, {kept.pid})
            assert stray.wait(10) is not None and not psutil.pid_exists(stray.pid)
            assert kept.poll() is None
        finally:
            kept.kill()
            stray.kill()


def test_a_program_that_cannot_be_asked_is_said(tmp_path: Path) -> None:
    assert "No such file" in ask([str(tmp_path / "x")], {}, seconds=1, most_bytes=10).problem
