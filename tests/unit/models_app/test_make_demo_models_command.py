from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.fakes.gguf_models import llama_like


def output(*arguments: str) -> str:
    out = StringIO()
    call_command("make_demo_models", *arguments, stdout=out)
    return out.getvalue()


def test_a_line_for_each_model_names_file_and_sizes(tmp_path: Path) -> None:
    path = tmp_path / "tiny-chat.gguf"
    line = output(str(tmp_path), "--only", "tiny-chat")
    assert line.startswith(f"{path}: {path.stat().st_size} bytes, ")


def test_json_is_one_object_and_nothing_else(tmp_path: Path) -> None:
    answer = json.loads(output(str(tmp_path), "--json", "--only", "tiny-embed", "tiny-rerank"))
    assert [Path(model["path"]).stem for model in answer["models"]] == ["tiny-embed", "tiny-rerank"]
    assert all(model["size_bytes"] > 0 and model["disk_bytes"] > 0 for model in answer["models"])


def test_a_folder_that_cannot_be_made_is_said_in_one_line_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match=r"^[^\n]*give a folder[^\n]*$") as caught:
        output(str(tmp_path / "file" / "models"))
    assert caught.value.returncode == 1


def test_somebodys_own_file_of_the_same_name_is_refused_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    own = llama_like(tmp_path / "tiny-embed.gguf", name="tiny-embed")
    before = own.read_bytes()
    with pytest.raises(CommandError, match=r"tiny-embed\.gguf.*another folder, or --force"):
        output(str(tmp_path), "--only", "tiny-chat", "tiny-embed")
    assert own.read_bytes() == before
    assert list(tmp_path.iterdir()) == [own]


def test_a_link_that_leads_nowhere_is_somebodys_too(tmp_path: Path) -> None:
    (tmp_path / "tiny-chat.gguf").symlink_to(tmp_path / "gone")
    with pytest.raises(CommandError, match="not a demo model"):
        output(str(tmp_path), "--only", "tiny-chat")


def test_force_replaces_somebodys_file(tmp_path: Path) -> None:
    path = tmp_path / "tiny-chat.gguf"
    path.write_text("notes")
    output(str(tmp_path), "--only", "tiny-chat", "--force")
    assert path.read_bytes().startswith(b"GGUF")


def test_a_demo_model_of_an_earlier_version_is_replaced(tmp_path: Path) -> None:
    output(str(tmp_path), "--only", "tiny-chat")
    path = tmp_path / "tiny-chat.gguf"
    now = path.read_bytes()
    path.write_bytes(now + b"older")
    output(str(tmp_path), "--only", "tiny-chat")
    assert path.read_bytes() == now
