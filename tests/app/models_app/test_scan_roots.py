from __future__ import annotations

from pathlib import Path

import pytest

from models_app import known_places, roots
from models_app.models import ModelRoot, RegistryVersion
from tests.fakes.gguf_models import llama_like
from tests.scans import root_at

pytestmark = pytest.mark.django_db


def only(problems: list[str]) -> str:
    (problem,) = problems
    return problem


def test_a_good_folder_has_no_problem(tmp_path: Path) -> None:
    assert roots.check_new(tmp_path) == []


def test_problems_are_named_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.touch()
    assert "does not exist: check the spelling" in only(roots.check_new(tmp_path / "no"))
    assert "is not a folder: give the folder" in only(roots.check_new(file))
    assert "is not a folder" in only(roots.check_new(file / "deeper"))


@pytest.mark.parametrize("path", ["", "   ", "\0", "/tmp/a\0b"])
def test_no_path_is_no_folder(path: str) -> None:
    assert only(roots.check_new(path)) == "Give the path of a folder."


@pytest.mark.parametrize("path", ["/", "/proc", "/proc/self", "/dev", "/etc", "/tmp/.."])
def test_folders_of_the_system_are_refused(path: str) -> None:
    assert "is a folder of the system" in only(roots.check_new(path))


def test_a_folder_that_may_not_be_read_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)
    assert "chmod o+rx" in only(roots.check_new(tmp_path))


def test_a_folder_inside_or_around_a_root_is_refused_and_the_root_named(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    root_at(tmp_path / "a")
    assert f"lies inside {tmp_path / 'a'}" in only(roots.check_new(tmp_path / "a" / "b"))
    assert f"contains {tmp_path / 'a'}" in only(roots.check_new(tmp_path))


def test_a_clash_with_a_root_that_is_switched_off_says_so(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    root_at(tmp_path / "a", enabled=False)
    assert "which is switched off" in only(roots.check_new(tmp_path / "a" / "b"))
    assert "which is switched off: remove that first" in only(roots.check_new(tmp_path))


def test_a_blank_at_the_end_is_part_of_a_folders_name(tmp_path: Path) -> None:
    (tmp_path / "models ").mkdir()
    assert roots.add_root(f"{tmp_path}/models ").path == f"{tmp_path}/models "
    assert "does not exist" in only(roots.check_new(f"{tmp_path}/models"))


def test_a_name_that_begins_alike_is_another_folder(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models-2").mkdir()
    root_at(tmp_path / "models")
    assert roots.check_new(tmp_path / "models-2") == []


def test_a_link_to_a_root_is_that_root(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    root_at(tmp_path / "a")
    assert f"is there already as {tmp_path / 'a'}" in only(roots.check_new(tmp_path / "link"))


def test_a_root_that_is_switched_off_is_not_added_again(tmp_path: Path) -> None:
    root_at(tmp_path, enabled=False)
    assert "switch it on again" in only(roots.check_new(tmp_path))


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    assert "is no kind of folder" in only(roots.check_new(tmp_path, "s3"))


def test_adding_a_root_raises_the_version(tmp_path: Path) -> None:
    version = RegistryVersion.current()
    root = roots.add_root(f"{tmp_path}/./")
    assert (root.path, root.kind, root.source) == (str(tmp_path), "folder", "user")
    assert RegistryVersion.current() != version


def test_adding_a_bad_root_adds_nothing(tmp_path: Path) -> None:
    with pytest.raises(roots.RootError, match="does not exist"):
        roots.add_root(tmp_path / "no")
    assert not ModelRoot.objects.exists()


class TestEnvironment:
    def folders(self, tmp_path: Path) -> tuple[Path, Path]:
        found = tmp_path / "a", tmp_path / "b"
        for folder in found:
            folder.mkdir()
        return found

    def test_named_folders_come_and_go_without_being_removed(self, tmp_path: Path) -> None:
        a, b = self.folders(tmp_path)
        assert roots.sync_environment([a, b]) == []
        assert roots.sync_environment([a]) == []
        assert [root_at(each).enabled for each in (a, b)] == [True, False]
        assert roots.sync_environment([a, b]) == []
        assert root_at(b).enabled

    def test_a_users_root_is_not_switched_off(self, tmp_path: Path) -> None:
        a, b = self.folders(tmp_path)
        root_at(a)
        roots.sync_environment([b])
        assert root_at(a).enabled

    def test_a_bad_one_is_told_and_the_others_are_added(self, tmp_path: Path) -> None:
        a, _ = self.folders(tmp_path)
        assert "does not exist" in only(roots.sync_environment([tmp_path / "no", a]))
        assert root_at(a).source == "environment"

    def test_one_whose_disk_is_gone_stays_on(self, tmp_path: Path) -> None:
        a, _ = self.folders(tmp_path)
        roots.sync_environment([a])
        a.rmdir()
        assert "does not exist" in only(roots.sync_environment([a]))
        assert ModelRoot.objects.get().enabled


class TestKnownPlaces:
    @pytest.fixture
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE", "OLLAMA_MODELS"):
            monkeypatch.delenv(name, raising=False)
        return tmp_path

    def put(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        llama_like(path)

    def test_nothing_is_suggested_on_an_empty_machine(self, home: Path) -> None:
        (home / ".lmstudio" / "models").mkdir(parents=True)
        assert known_places.suggestions() == []

    def test_each_programs_place_is_found_with_its_kind(self, home: Path) -> None:
        repository = home / ".cache/huggingface/hub/models--a--b"
        self.put(repository / "snapshots" / ("0" * 40) / "a.gguf")
        self.put(home / ".lmstudio/models/pub/repo/a.gguf")
        self.put(home / ".lmstudio/models/pub/repo/b.gguf")
        self.put(home / ".cache/llama.cpp/a.gguf")
        found = {place.kind: place.n_files for place in known_places.suggestions()}
        assert found == {"lmstudio": 2, "huggingface": 1, "llamacpp": 1}

    def test_the_programs_own_variables_are_asked_first(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HF_HOME", str(home / "hf"))
        monkeypatch.setenv("LLAMA_CACHE", str(home / "lc"))
        self.put(home / "hf" / "hub" / "a.gguf")
        self.put(home / "lc" / "a.gguf")
        places = {place.path for place in known_places.suggestions()}
        assert places == {str(home / "hf" / "hub"), str(home / "lc")}

    def test_what_is_scanned_already_is_not_suggested(self, home: Path) -> None:
        self.put(home / ".cache/llama.cpp/a.gguf")
        assert [root.source for root in known_places.add_found_roots()] == ["found"]
        assert known_places.suggestions() == []
