from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from logs_app import folders, history, lifecycle, memory
from logs_app.capture import open_output
from logs_app.core.records import Line
from logs_app.followed import GONE_SECONDS
from logs_app.models import LogLine
from logs_app.storing import Storing
from logs_app.tail import last_lines
from tests.fakes.serving import wait_until
from tests.logs import Pumping, llama, print_as_child, pumped

pytestmark = pytest.mark.django_db
ENGINE = "engine.7"


def lines(source: str = ENGINE) -> list[Line]:
    memory.forget()  # as another process, which has files only
    return history.last(source, 1000)


def texts(source: str = ENGINE) -> list[str]:
    return [line.text for line in lines(source)]


def test_what_a_child_prints_is_stored_with_level_and_time() -> None:
    before = time.time()
    pumped(ENGINE, llama("loading") + llama("no key", "W") + b"  more of it\n")
    assert [line.tag for line in lines()] == ["I ", "W ", "W+"]
    assert all(before - 1 < line.seconds <= time.time() for line in lines())


def test_only_warnings_errors_and_events_are_rows() -> None:
    lifecycle.note(ENGINE, "info", "engine 7 start")
    pumped(ENGINE, llama("a") + llama("b", "W") + b"  more\n" + llama("c", "E") + llama("d"))
    rows = LogLine.objects.values_list("level", "is_event", "text")
    assert set(rows) == {
        ("I", True, "engine 7 start"),
        ("W", False, "0.00.001.695 W srv  b\n  more"),
        ("E", False, "0.00.001.695 E srv  c"),
    }


def test_a_row_knows_where_its_line_stands() -> None:
    pumped(ENGINE, llama("a") + llama("b", "W"))
    row = LogLine.objects.get()
    assert [line.text for line in lines() if line.place == row.place] == [row.text]


def test_an_event_stands_between_the_lines_before_and_after_it() -> None:
    pumping = Pumping()
    lifecycle.note(ENGINE, "info", "start")
    print_as_child(ENGINE, llama("a"))
    printed_at = time.time() + 0.005  # said here, since files have a coarser clock than we
    os.utime(folders.folder(ENGINE) / folders.OUTPUT, (printed_at, printed_at))
    wait_until(lambda: time.time() > printed_at + 0.005, "a later moment")
    lifecycle.note(ENGINE, "error", "failed:\nexit code \x1b[1m1")
    pumping.run()
    assert texts() == ["start", "0.00.001.695 I srv  a", "failed:\ufffdexit code \ufffd[1m1"]


def test_a_child_cannot_write_events_of_ours() -> None:
    pumped(ENGINE, b"1790000000123 I* engine 7 is fine\n")
    assert [line.tag for line in lines()] == ["- "]


def test_after_a_restart_no_line_is_lost_and_none_is_there_twice() -> None:
    written = []
    for life in range(5):
        pumping = Pumping()
        for number in range(100):
            text = f"life {life} line {number}"
            written.append(f"0.00.001.695 I srv  {text}")
            print_as_child(ENGINE, llama(text))
            pumping.pump.step()
        # killed: nothing is closed
    Pumping().run()
    assert texts() == written


def test_events_that_were_read_and_not_stored_are_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    lifecycle.note(ENGINE, "info", "start")
    with monkeypatch.context() as patch:
        patch.setattr(Storing, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            Pumping().run()
    Pumping().run()
    assert texts() == ["start"]
    Pumping().run()
    assert texts() == ["start"]


def test_a_line_without_an_end_waits_for_it_also_over_a_restart() -> None:
    print_as_child(ENGINE, b"0.00.001.695 I srv  half")
    Pumping().pump.step()
    assert texts() == []
    assert last_lines(ENGINE, 5) == ["0.00.001.695 I srv  half"]
    pumped(ENGINE, b" a line\n")
    assert texts() == ["0.00.001.695 I srv  half a line"]


def test_hostile_output_is_cut_replaced_and_stored(settings: object) -> None:
    pumped(
        ENGINE, b"x" * 10_000_000 + b"\n" + bytes(range(256)) * 40 + b"\n\xff\xfe\n" + llama("ok")
    )
    found = texts()
    assert "10,000,000 bytes" in found[0]
    assert found[-1] == "0.00.001.695 I srv  ok"
    assert all(len(text) <= 8300 and len(text.splitlines()) <= 1 for text in found)


def test_the_names_of_a_routers_children_are_written_beside_their_ports() -> None:
    print_as_child(ENGINE, b"[41234] 0.00.001.695 W srv  a\n[999] 0.00.001.695 I srv  b\n")
    Pumping({41234: "qwen\n3"}).run()
    assert texts() == ["[41234 qwen\ufffd3] 0.00.001.695 W srv  a", "[999] 0.00.001.695 I srv  b"]


def test_the_last_words_of_a_process_are_there_at_once() -> None:
    pumped(ENGINE, llama("stored"))
    print_as_child(ENGINE, b"\x1b[31munread\x1b[0m\nno end")
    assert last_lines(ENGINE, 3) == ["0.00.001.695 I srv  stored", "unread", "no end"]
    assert last_lines(ENGINE, 1) == ["no end"]
    assert last_lines(ENGINE, 3, since=time.time() + 60) == ["unread", "no end"]
    assert last_lines("engine.8", 3) == []


def test_a_folder_that_is_taken_away_stops_nothing() -> None:
    pumping = Pumping()
    print_as_child(ENGINE, llama("a"))
    pumping.pump.step()
    shutil.rmtree(folders.folder(ENGINE))
    print_as_child("engine.8", llama("b"))
    pumping.pump._looked_at = float("-inf")
    pumping.run()
    assert texts("engine.8") == ["0.00.001.695 I srv  b"]


def test_a_forgotten_source_is_gone_and_may_begin_anew() -> None:
    pumping = Pumping()
    print_as_child(ENGINE, llama("a", "W"))
    pumping.run()
    lifecycle.forget(ENGINE)
    pumping.pump._looked_at = float("-inf")
    pumping.run()
    assert folders.sources() == []
    assert LogLine.objects.filter(source=ENGINE).exists()
    print_as_child(ENGINE, llama("b"))
    pumping.pump._looked_at = float("-inf")
    pumping.run()
    assert texts() == ["0.00.001.695 I srv  b"]


def test_folders_with_other_names_are_no_sources() -> None:
    for name in ("Engine", "..x", "a b"):
        (folders.top() / name).mkdir(parents=True)
    print_as_child(ENGINE, llama("a"))
    assert folders.sources() == [ENGINE]


def test_output_is_for_its_owner_only() -> None:
    print_as_child(ENGINE, b"")
    status = os.stat(folders.folder(ENGINE) / folders.OUTPUT)  # noqa: PTH116 - mode only
    assert status.st_mode & 0o777 == 0o600


def deleted_under(pumping: Pumping, source: str = ENGINE) -> subprocess.Popen[bytes]:
    """A process that has printed one line, and whose output is deleted."""
    descriptor = open_output(source)
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=descriptor)
    os.close(descriptor)
    say(child, llama("before"))
    wait_until(lambda: stepped(pumping), "the first line")
    (folders.folder(source) / folders.OUTPUT).unlink()
    return child


def stepped(pumping: Pumping) -> list[str]:
    pumping.pump.step()
    return texts()


def say(child: subprocess.Popen[bytes], line: bytes) -> None:
    assert child.stdin is not None
    child.stdin.write(line)
    child.stdin.flush()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")
def test_what_is_printed_into_a_deleted_file_is_read_all_the_same_also_after_a_restart() -> None:
    pumping = Pumping()
    child = deleted_under(pumping)
    try:
        say(child, llama("after"))
        wait_until(lambda: len(stepped(pumping)) == 3, "the line after")
        pumping.run()
        assert texts()[0].endswith("before")
        assert "was deleted" in texts()[1]
        assert [line.kind for line in lines()] == [" ", "*", " "]
        say(child, llama("in a later life"))
        later = Pumping()
        wait_until(lambda: "later life" in stepped(later)[-1], "the last line")
        child.communicate()
        print_as_child(ENGINE, llama("of the next start"))  # makes a new file
        later.run()
    finally:
        child.kill()
        child.wait()
    assert [text.rpartition("  ")[2] for text in texts()][-2:] == [
        "in a later life",
        "of the next start",
    ]


def test_a_deleted_file_that_nobody_has_open_is_said_once() -> None:
    pumped(ENGINE, llama("before"))
    (folders.folder(ENGINE) / folders.OUTPUT).unlink()
    pumping = Pumping()
    wait_until(lambda: len(stepped(pumping)) == 2, "it to be said")
    later = Pumping()
    until = time.monotonic() + 2 * GONE_SECONDS
    wait_until(lambda: stepped(later) and time.monotonic() > until, "time to say it again")
    print_as_child(ENGINE, llama("after"))
    Pumping().run()
    assert [line.kind for line in lines()] == [" ", "*", " "]
    assert "is lost" in texts()[1]
