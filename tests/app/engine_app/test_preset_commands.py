"""import_config and export_presets."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from engine_app.models import Preset
from engine_app.preset_editing import create
from tests.factories import make_model

pytestmark = pytest.mark.django_db

FILE = "[*]\nctx-size = 4096\n[mine]\ntemp = 0.5\ntools = all\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "models.ini"
    path.write_text(FILE)
    return path


def call(*words: Any) -> str:
    out = StringIO()
    call_command(*map(str, words), stdout=out, stderr=out)
    return out.getvalue()


def test_a_dry_run_shows_what_would_change_and_changes_nothing(file: Path) -> None:
    lines = call("import_config", file, "--dry-run").splitlines()
    assert lines[:2] == ["~ *", "    ctx-size: (not set) -> 4096"]
    assert lines[2:4] == ["+ mine", "    temp: (not set) -> 0.5"]
    assert lines[4].startswith("    ! tools: It may not be set here: it lets a model run")
    assert "1 would be added, 1 would be changed" in lines[-1]
    assert not Preset.objects.named().exists()


def test_without_it_the_same_is_done(file: Path) -> None:
    assert "1 added, 1 changed, 0 unchanged, 0 skipped, 1 left out" in call("import_config", file)
    assert Preset.objects.get(name="mine").options == {"temp": 0.5}
    assert "0 added, 0 changed, 2 unchanged" in call("import_config", file)


def test_as_json_it_prints_one_object(file: Path) -> None:
    found = json.loads(call("import_config", file, "--json"))
    assert [each["action"] for each in found["presets"]] == ["change", "add"]
    assert found["presets"][1]["left_out"][0]["what"] == "tools"


def test_a_command_in_a_file_gets_the_name_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "start-coder.sh").write_text("llama-server -c 2048\n")
    call("import_config", tmp_path / "start-coder.sh")
    assert Preset.objects.get(name="start-coder").options == {"ctx-size": 2048}


@pytest.mark.parametrize("content", [None, b"hello", b"\xff\xfe", b""])
def test_what_cannot_be_read_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "odd\nname"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as caught:
        call("import_config", path)
    assert len(str(caught.value).splitlines()) == 1


def test_presets_are_exported_and_read_back(tmp_path: Path) -> None:
    create({"name": "mine", "llama_model": make_model(), "options": {"temp": 0.5}})
    create({"name": "any", "options": {"temp": 0.5}})
    said = call("export_presets", tmp_path / "models.ini")
    assert "left out any: It is for any model" in said
    assert "1 preset written to" in said
    assert "0 added, 0 changed, 2 unchanged" in call("import_config", tmp_path / "models.ini")


def test_a_json_file_gets_every_preset_as_it_is(tmp_path: Path) -> None:
    create({"name": "any", "options": {"temp": 0.5}, "notes": "mine"})
    found = json.loads(call("export_presets", tmp_path / "all.json", "--json"))
    assert (found["presets"], found["left_out"]) == (2, 0)
    Preset.objects.filter(name="any").delete()
    call("import_config", tmp_path / "all.json")
    assert Preset.objects.get(name="any").notes == "mine"


def test_where_it_cannot_write_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(CommandError, match="cannot be written"):
        call("export_presets", tmp_path / "folder")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]
