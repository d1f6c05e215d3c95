from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


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
