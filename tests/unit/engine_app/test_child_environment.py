from __future__ import annotations

from pathlib import Path

from django.conf import LazySettings

from engine_app.child_environment import KEY, MARK, environment, mark_of

OURS = {
    "PATH": "/usr/bin",
    "CUDA_VISIBLE_DEVICES": "1",
    "LD_LIBRARY_PATH": "/opt/cuda/lib",
    "LD_PRELOAD": "/tmp/x.so",
    "LLAMA_ARG_TOOLS": "all",
    "LLAMA_API_KEY": "another",
    "DATABASE_URL": "postgresql://u:p@h/n",
    "LLAMADASH_SECRET_KEY": "s",
    "HF_TOKEN": "t",
    "PYTHONPATH": "/tmp/evil",
}


def test_only_what_is_named_is_passed_on() -> None:
    found = environment(library_path=False, embedded=False, key="k", mark="m", ours=OURS)
    assert found == {
        "PATH": "/usr/bin",
        "CUDA_VISIBLE_DEVICES": "1",
        "LANG": "C.UTF-8",
        KEY: "k",
        MARK: "m",
    }


def test_libraries_are_searched_elsewhere_only_for_a_program_that_needs_it() -> None:
    found = environment(library_path=True, embedded=False, ours=OURS)
    assert found["LD_LIBRARY_PATH"] == "/opt/cuda/lib"
    assert "LD_PRELOAD" not in found and KEY not in found


def test_the_embedded_engine_finds_this_checkout_and_nothing_else(settings: LazySettings) -> None:
    found = environment(library_path=False, embedded=True, ours=OURS)
    assert found["PYTHONPATH"] == str(settings.BASE_DIR)


def test_another_installation_marks_its_engines_otherwise(
    settings: LazySettings, tmp_path: Path
) -> None:
    ours = mark_of(1)
    settings.DATA_DIR = tmp_path
    assert mark_of(1) != ours and mark_of(1).endswith(":1")
