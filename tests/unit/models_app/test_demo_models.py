from __future__ import annotations

from pathlib import Path

import pytest
from gguf import GGUFReader

from models_app.core.demo_models import DEFAULT, MODELS, write_demo_models

SPARSE = "tiny-slow"


def written(directory: Path, name: str) -> Path:
    (path,) = write_demo_models(directory, [name])
    return path


def test_by_default_one_model_of_each_kind_is_written(tmp_path: Path) -> None:
    paths = write_demo_models(tmp_path / "new" / "folder")
    assert [path.stem for path in paths] == list(DEFAULT)
    assert all(path.is_file() for path in paths)


@pytest.mark.parametrize("name", [name for name in MODELS if name != SPARSE])
def test_llama_cpps_own_reader_finds_what_was_written(tmp_path: Path, name: str) -> None:
    reader = GGUFReader(written(tmp_path, name))
    fields = {key: field.contents() for key, field in reader.fields.items()}
    assert fields["general.name"] == name
    assert fields["general.license"] == "mit"
    assert "demo" in fields["general.tags"]
    architecture = fields["general.architecture"]
    tokens = fields["tokenizer.ggml.tokens"]
    embedding = next(tensor for tensor in reader.tensors if tensor.name == "token_embd.weight")
    assert [*embedding.shape] == [fields[f"{architecture}.embedding_length"], len(tokens)]
    last = reader.tensors[-1]
    assert last.data_offset + last.n_bytes <= (tmp_path / f"{name}.gguf").stat().st_size


@pytest.mark.parametrize("name", [name for name in MODELS if name != SPARSE])
def test_a_model_is_the_same_each_time(tmp_path: Path, name: str) -> None:
    first, second = written(tmp_path / "a", name), written(tmp_path / "b", name)
    assert first.read_bytes() == second.read_bytes()


def test_tiny_slow_takes_hardly_any_disk(tmp_path: Path) -> None:
    status = written(tmp_path, SPARSE).stat()
    assert status.st_size > 300_000_000
    assert status.st_blocks * 512 < 2_000_000


@pytest.mark.parametrize("name", ["tiny-chat", SPARSE])
def test_a_model_that_is_there_is_left_alone(tmp_path: Path, name: str) -> None:
    before = written(tmp_path, name).stat()
    after = written(tmp_path, name).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("position", [0, 400_000, -40], ids=["header", "weights", "last tensor"])
def test_a_damaged_model_is_written_anew(tmp_path: Path, position: int) -> None:
    path = written(tmp_path, "tiny-chat")
    good = path.read_bytes()
    damaged = bytearray(good)
    damaged[position] ^= 0xFF
    path.write_bytes(damaged)
    write_demo_models(tmp_path, ["tiny-chat"])
    assert path.read_bytes() == good


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\0"])
def test_a_model_of_the_wrong_length_is_written_anew(tmp_path: Path, change: object) -> None:
    path = written(tmp_path, "tiny-embed")
    good = path.read_bytes()
    assert callable(change)
    path.write_bytes(change(good))
    write_demo_models(tmp_path, ["tiny-embed"])
    assert path.read_bytes() == good


def test_something_in_a_hole_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path, SPARSE)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"x")
    before = path.stat().st_ino
    assert written(tmp_path, SPARSE).stat().st_ino != before


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "tiny-chat.gguf").mkdir()
    with pytest.raises(OSError, match=r"tiny-chat\.gguf"):
        write_demo_models(tmp_path, ["tiny-chat"])
    assert [path.name for path in tmp_path.iterdir()] == ["tiny-chat.gguf"]
