from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.gguf_models import llama_like
from tests.fakes.gguf_writer import GGUFBuilder
from tests.scans import last_run, model_at, scan_of

pytestmark = pytest.mark.django_db


def projector(
    path: Path,
    *,
    width: int | None = 256,
    basename: str | None = None,
    sees: bool | None = True,
    hears: bool | None = None,
) -> Path:
    builder = GGUFBuilder().value("general.architecture", "clip")
    builder.value("general.type", "mmproj").value("general.file_type", 1)
    for key, flag in (("vision", sees), ("audio", hears)):
        if flag is not None:
            builder.value(f"clip.has_{key}_encoder", flag)
    if width is not None:
        builder.value("clip.vision.projection_dim", width)
    if basename is not None:
        builder.value("general.basename", basename)
    return builder.tensor("mm.0.weight", (64, 64), "F16").write(path)


def text(path: Path, *, width: int = 256, basename: str | None = None) -> Path:
    return llama_like(path, embedding=width, values={"general.basename": basename})


def test_a_projector_of_the_right_width_is_paired(tmp_path: Path) -> None:
    model = text(tmp_path / "Gemma-4B-Q4_K_M.gguf")
    eye = projector(tmp_path / "mmproj-F16.gguf")
    scan_of(tmp_path)
    assert model_at(eye).kind == "projector"
    assert model_at(model).projector == model_at(eye)
    assert "vision" in model_at(model).capabilities


def test_all_quantizations_of_a_model_share_its_projector(tmp_path: Path) -> None:
    models = [text(tmp_path / f"Gemma-4B-{label}.gguf") for label in ("Q4_K_M", "Q8_0")]
    eye = projector(tmp_path / "mmproj-F16.gguf")
    scan_of(tmp_path)
    assert [model_at(model).projector for model in models] == [model_at(eye)] * 2


def test_a_projector_of_another_width_is_not_paired(tmp_path: Path) -> None:
    model = text(tmp_path / "a.gguf")
    projector(tmp_path / "mmproj-F16.gguf", width=4096)
    scan_of(tmp_path)
    assert model_at(model).projector is None
    assert "vision" not in model_at(model).capabilities


def test_a_projector_of_unknown_width_must_be_the_only_one(tmp_path: Path) -> None:
    model = text(tmp_path / "a.gguf")
    eye = projector(tmp_path / "mmproj-a.gguf", width=None)
    scan_of(tmp_path)
    assert model_at(model).projector == model_at(eye)
    projector(tmp_path / "mmproj-b.gguf", width=None)
    scan_of(tmp_path)
    assert model_at(model).projector is None


def test_a_projector_in_another_folder_is_not_paired(tmp_path: Path) -> None:
    (tmp_path / "eyes").mkdir()
    model = text(tmp_path / "a.gguf")
    projector(tmp_path / "eyes" / "mmproj-F16.gguf")
    scan_of(tmp_path)
    assert model_at(model).projector is None


def test_among_different_models_the_names_decide(tmp_path: Path) -> None:
    seeing = text(tmp_path / "Gemma-4B-Q4_K_M.gguf", basename="Gemma")
    blind = text(tmp_path / "Llama-8B-Q4_K_M.gguf", basename="Llama")
    eye = projector(tmp_path / "mmproj-Gemma-4B-F16.gguf", basename="Gemma")
    scan_of(tmp_path)
    assert model_at(seeing).projector == model_at(eye)
    assert model_at(blind).projector is None


@pytest.mark.parametrize(
    ("sees", "hears", "vision"),
    [(True, True, True), (None, None, True), (False, True, False), (None, True, False)],
)
def test_only_a_projector_that_sees_gives_vision(
    tmp_path: Path, sees: bool | None, hears: bool | None, vision: bool
) -> None:
    model = text(tmp_path / "a.gguf")
    companion = projector(tmp_path / "mmproj-F16.gguf", sees=sees, hears=hears)
    scan_of(tmp_path)
    assert model_at(model).projector == model_at(companion)
    assert ("vision" in model_at(model).capabilities) == vision


def test_a_projector_that_is_not_whole_is_not_paired(tmp_path: Path) -> None:
    model = text(tmp_path / "a.gguf")
    half = projector(tmp_path / "mmproj-F16.gguf")
    half.write_bytes(half.read_bytes()[:-100])
    scan_of(tmp_path)
    assert (model_at(half).kind, model_at(half).state) == ("projector", "incomplete")
    assert model_at(model).projector is None
    assert "vision" not in model_at(model).capabilities


def test_a_vanished_projector_takes_the_vision_with_it(tmp_path: Path) -> None:
    model = text(tmp_path / "a.gguf")
    eye = projector(tmp_path / "mmproj-F16.gguf")
    scan_of(tmp_path)
    eye.unlink()
    scan_of(tmp_path)
    assert model_at(model).projector is None
    assert "vision" not in model_at(model).capabilities


def test_a_changed_model_stays_paired(tmp_path: Path) -> None:
    model = text(tmp_path / "a.gguf")
    eye = projector(tmp_path / "mmproj-F16.gguf")
    scan_of(tmp_path)
    llama_like(model, embedding=256, layers=3)
    scan_of(tmp_path)
    assert (last_run().n_read, model_at(model).projector) == (1, model_at(eye))
    assert "vision" in model_at(model).capabilities
