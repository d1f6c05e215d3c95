"""What a path may lead to, and files that change or fail while they are read."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from models_app.core import gguf
from tests.fakes.gguf_writer import GGUFBuilder


def _good(path: Path) -> Path:
    builder = GGUFBuilder().value("general.architecture", "llama").value("general.name", "x")
    return builder.tensor("norm", (8,)).write(path)


def _kind(path: Path | str) -> str:
    with pytest.raises(gguf.GGUFError) as caught:
        gguf.read(path)
    return caught.value.kind


def test_a_fifo_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.gguf")
    assert _kind(tmp_path / "x.gguf") == "not_regular"


def test_a_folder_named_like_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").mkdir()
    assert _kind(tmp_path / "x.gguf") == "not_regular"


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("x.gguf")
        assert _kind("x.gguf") == "os_error"


def test_a_device_is_refused() -> None:
    assert _kind(os.devnull) == "not_regular"


def test_links_to_nothing_and_in_a_circle_are_os_errors(tmp_path: Path) -> None:
    (tmp_path / "dangling.gguf").symlink_to("nowhere.gguf")
    (tmp_path / "circle.gguf").symlink_to("circle.gguf")
    assert _kind(tmp_path / "dangling.gguf") == "os_error"
    assert _kind(tmp_path / "circle.gguf") == "os_error"


@pytest.mark.parametrize("path", ["a\0b.gguf", "\ud800.gguf"])
def test_a_path_that_no_file_can_have_is_an_os_error(path: str) -> None:
    assert _kind(path) == "os_error"


def test_a_file_without_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, flags: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(os, "open", refuse)  # root, who may run the tests, is refused nothing
    with pytest.raises(gguf.GGUFError, match="cannot be opened: Permission denied"):
        gguf.read(tmp_path / "x.gguf")


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE])
def test_a_failing_disk_is_an_os_error_with_its_place(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _good(tmp_path / "x.gguf")

    def fail(fd: int, count: int, offset: int) -> bytes:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(gguf.GGUFError, match=os.strerror(code)) as caught:
        gguf.read(path)
    assert (caught.value.kind, caught.value.offset) == ("os_error", 0)


def test_a_file_cut_behind_the_reader_is_truncated(tmp_path: Path) -> None:
    path = _good(tmp_path / "x.gguf")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(90)
        with pytest.raises(gguf.GGUFError) as caught:
            gguf.parse(file.fileno(), size)
    assert caught.value.kind == "truncated"


def test_a_file_that_grows_meanwhile_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _good(tmp_path / "x.gguf")
    assert not gguf.read(path).changed_while_reading
    pread = os.pread

    def read_and_append(fd: int, count: int, offset: int) -> bytes:
        with path.open("ab") as file:
            file.write(b"more")
        return pread(fd, count, offset)

    monkeypatch.setattr(os, "pread", read_and_append)
    assert gguf.read(path).changed_while_reading


def test_reading_leaves_no_descriptor_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = _good(tmp_path / "x.gguf"), tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF")
    opened: list[int] = []
    closed: list[int] = []
    really_open, really_close = os.open, os.close

    def count_open(path: Path, flags: int) -> int:
        opened.append(really_open(path, flags))
        return opened[-1]

    def count_close(fd: int) -> None:
        closed.append(fd)
        really_close(fd)

    monkeypatch.setattr(os, "open", count_open)
    monkeypatch.setattr(os, "close", count_close)
    gguf.read(good)
    _kind(bad)
    _kind(tmp_path)
    assert len(opened) == 3 and closed == opened


def test_small_files_are_read_without_numpy(tmp_path: Path) -> None:
    program = (
        "import sys; from models_app.core import gguf; gguf.read(sys.argv[1]);"
        "sys.exit('numpy' in sys.modules)"
    )
    path = str(_good(tmp_path / "x.gguf"))
    checkout = Path(gguf.__file__).parents[2]
    subprocess.run([sys.executable, "-c", program, path], check=True, cwd=checkout)
