"""Third-party files are exactly those that were recorded: package, version, licence and hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
FOLDERS = (TOP / "static/vendor", TOP / "tests/browser/vendor")
NOT_VENDORED = {"VENDOR.json", "LICENSES.txt"}
RECORDS = [
    (folder, name, record)
    for folder in FOLDERS
    for name, record in json.loads((folder / "VENDOR.json").read_text()).items()
]


@pytest.mark.parametrize(("folder", "name", "record"), RECORDS)
def test_a_vendored_file_has_the_recorded_hash(
    folder: Path, name: str, record: dict[str, str]
) -> None:
    assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == record["sha256"]


@pytest.mark.parametrize(("folder", "name", "record"), RECORDS)
def test_a_record_says_where_a_file_is_from(
    folder: Path, name: str, record: dict[str, str]
) -> None:
    assert record["package"] and record["file"] and record["licence"]
    assert record["version"] in name
    assert record["integrity"].startswith("sha512-")


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_is_there_without_a_record(folder: Path) -> None:
    recorded = {name for where, name, _ in RECORDS if where == folder}
    assert {path.name for path in folder.iterdir()} - NOT_VENDORED == recorded


def test_what_is_shipped_comes_with_its_licence() -> None:
    licences = (TOP / "static/vendor/LICENSES.txt").read_text()
    for folder, name, record in RECORDS:
        if folder == FOLDERS[0]:
            assert name in licences and record["licence"] in licences
