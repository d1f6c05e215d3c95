from __future__ import annotations

from pathlib import Path

import pytest

from metrics_app.core.memory_limit import read_limit

GIB = 1 << 30


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own"
    file.write_text("1:name=systemd:/\n0::/outer.slice/inner.service\n")
    return file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "cgroup"
    (root / "outer.slice" / "inner.service").mkdir(parents=True)
    return root


def limit(group: Path, most: str, current: int, stat: str = "") -> None:
    (group / "memory.max").write_text(f"{most}\n")
    (group / "memory.current").write_text(f"{current}\n")
    (group / "memory.stat").write_text(stat)


def test_without_a_limit_there_is_none(root: Path, own: Path) -> None:
    limit(root / "outer.slice" / "inner.service", "max", 5)
    assert read_limit(root, own) is None


def test_the_limit_of_the_own_group_counts(root: Path, own: Path) -> None:
    limit(root / "outer.slice" / "inner.service", str(8 * GIB), 3 * GIB)
    assert read_limit(root, own) == (8 * GIB, 5 * GIB)


def test_a_tighter_parent_counts(root: Path, own: Path) -> None:
    limit(root / "outer.slice" / "inner.service", str(8 * GIB), 3 * GIB)
    limit(root / "outer.slice", str(4 * GIB), 3 * GIB)
    assert read_limit(root, own) == (4 * GIB, 1 * GIB)


def test_cached_files_count_as_free(root: Path, own: Path) -> None:
    stat = f"anon {GIB}\nactive_file {GIB}\ninactive_file {GIB}\n"
    limit(root / "outer.slice" / "inner.service", str(8 * GIB), 8 * GIB, stat)
    assert read_limit(root, own) == (8 * GIB, 2 * GIB)


def test_a_container_that_sees_only_its_own_group_is_found(root: Path, own: Path) -> None:
    own.write_text("0::/\n")
    limit(root, str(2 * GIB), GIB)
    assert read_limit(root, own) == (2 * GIB, GIB)


def test_a_group_outside_of_what_is_mounted_has_no_limit(root: Path, own: Path) -> None:
    own.write_text("0::/../other\n")
    assert read_limit(root, own) is None


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert read_limit(tmp_path / "absent", tmp_path / "absent") is None
