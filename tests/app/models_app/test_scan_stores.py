from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from models_app.models import LlamaModel, ModelFile
from tests.fakes.gguf_models import llama_like
from tests.fakes.ollama_store import OllamaFolder
from tests.scans import at_rest, last_run, root_at, scan_of

pytestmark = pytest.mark.django_db
OLD, NEW = "a" * 40, "b" * 40


class HuggingFaceCache:
    def __init__(self, top: Path) -> None:
        self.top = top
        self.repository = top / "models--acme--Tiny-GGUF"
        (self.repository / "blobs").mkdir(parents=True)

    def blob(self, **changes: Any) -> Path:
        path = llama_like(self.repository / "blobs" / "new", **changes)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return path.rename(path.with_name(digest))

    def snapshot(self, revision: str, name: str, blob: Path) -> Path:
        link = self.repository / "snapshots" / revision / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path("../../blobs") / blob.name)
        return link

    def main(self, revision: str) -> None:
        (self.repository / "refs").mkdir(exist_ok=True)
        (self.repository / "refs" / "main").write_text(revision)


@pytest.fixture
def hub(tmp_path: Path) -> HuggingFaceCache:
    return HuggingFaceCache(tmp_path / "hub")


class TestHuggingFace:
    def test_a_snapshots_link_is_the_model(self, hub: HuggingFaceCache) -> None:
        blob = hub.blob()
        link = hub.snapshot(NEW, "tiny-Q4_K_M.gguf", blob)
        report = scan_of(hub.top)
        model, file = LlamaModel.objects.get(), ModelFile.objects.get()
        assert (report.n_errors, root_at(hub.top).kind) == (0, "huggingface")
        assert (model.path, model.state, file.sha256) == (str(link), "ok", blob.name)
        assert model.facts["store"] == {"repository": "acme/Tiny-GGUF", "revision": NEW}

    def test_a_blob_in_two_snapshots_is_one_model_of_the_main_one(
        self, hub: HuggingFaceCache
    ) -> None:
        blob = hub.blob()
        hub.snapshot(OLD, "tiny.gguf", blob)
        link = hub.snapshot(NEW, "tiny.gguf", blob)
        hub.main(NEW)
        assert scan_of(hub.top).models == 1
        assert LlamaModel.objects.get().path == str(link)

    def test_a_model_stays_the_same_when_main_moves_on(self, hub: HuggingFaceCache) -> None:
        blob = hub.blob()
        hub.snapshot(OLD, "tiny.gguf", blob)
        hub.main(OLD)
        scan_of(hub.top)
        LlamaModel.objects.update(favourite=True)
        link = hub.snapshot(NEW, "tiny.gguf", blob)
        hub.main(NEW)
        scan_of(hub.top)
        model = LlamaModel.objects.get()
        assert (model.path, model.favourite) == (str(link), True)

    def test_shards_of_two_revisions_stay_together(self, hub: HuggingFaceCache) -> None:
        shared = hub.blob(split=(0, 2))
        for revision, layers in ((OLD, 2), (NEW, 3)):
            hub.snapshot(revision, "m-00001-of-00002.gguf", shared)
            second = hub.blob(split=(1, 2), layers=layers)
            hub.snapshot(revision, "m-00002-of-00002.gguf", second)
        hub.main(NEW)
        assert scan_of(hub.top).models == 2
        assert {model.state for model in LlamaModel.objects.all()} == {"ok"}

    def test_a_repository_alone_may_be_the_root(self, hub: HuggingFaceCache) -> None:
        hub.snapshot(NEW, "tiny.gguf", hub.blob())
        at_rest(hub.top)
        report = scan_of(hub.repository / "snapshots")
        assert (report.models, report.n_errors) == (1, 0)

    def test_a_link_into_a_neighbours_blobs_is_not_followed(self, hub: HuggingFaceCache) -> None:
        other = HuggingFaceCache(hub.top.parent / "other")
        link = hub.repository / "snapshots" / NEW / "tiny.gguf"
        link.parent.mkdir(parents=True)
        link.symlink_to(other.blob())
        assert scan_of(hub.top).models == 0


def test_lm_studios_folders_say_publisher_and_repository(tmp_path: Path) -> None:
    folder = tmp_path / ".lmstudio" / "models"
    (folder / "acme" / "Tiny-GGUF").mkdir(parents=True)
    llama_like(folder / "acme" / "Tiny-GGUF" / "tiny.gguf")
    scan_of(folder)
    assert root_at(folder).kind == "lmstudio"
    assert LlamaModel.objects.get().facts["store"] == {"repository": "acme/Tiny-GGUF"}


@pytest.fixture
def ollama(tmp_path: Path) -> OllamaFolder:
    return OllamaFolder(tmp_path / "models")


class TestOllama:
    LIBRARY = "registry.ollama.ai/library"

    def test_a_manifest_names_the_blob(self, ollama: OllamaFolder) -> None:
        digest = ollama.model(name="Llama")
        ollama.manifest(
            f"{self.LIBRARY}/tiny/1b", model=digest, license=ollama.text("\nMIT License\n\nmore")
        )
        report = scan_of(ollama.top)
        model, file = LlamaModel.objects.get(), ModelFile.objects.get()
        assert (root_at(ollama.top).kind, report.n_errors) == ("ollama", 0)
        assert (model.name, model.state, model.facts["name"]) == ("tiny:1b", "ok", "Llama")
        assert file.sha256 == digest.removeprefix("sha256:")
        assert model.facts["store"] == {"name": "tiny:1b", "licence": "MIT License"}

    @pytest.mark.parametrize(
        ("place", "name"),
        [
            ("registry.ollama.ai/library/tiny/latest", "tiny:latest"),
            ("registry.ollama.ai/me/tiny/1b", "me/tiny:1b"),
            ("hf.co/acme/Tiny-GGUF/Q4_K_M", "hf.co/acme/Tiny-GGUF:Q4_K_M"),
        ],
    )
    def test_names_are_those_ollama_shows(
        self, ollama: OllamaFolder, place: str, name: str
    ) -> None:
        ollama.manifest(place, model=ollama.model())
        scan_of(ollama.top)
        assert LlamaModel.objects.get().name == name

    def test_two_names_of_a_blob_are_one_model(self, ollama: OllamaFolder) -> None:
        digest = ollama.model()
        ollama.manifest(f"{self.LIBRARY}/b/1", model=digest)
        ollama.manifest(f"{self.LIBRARY}/a/1", model=digest)
        scan_of(ollama.top)
        model = LlamaModel.objects.get()
        assert (model.name, model.facts["store"]["other_names"]) == ("a:1", ["b:1"])

    def test_the_projector_of_the_manifest_is_paired(self, ollama: OllamaFolder) -> None:
        plain = ollama.model(layers=3)
        seeing, eye = ollama.model(), ollama.projector()
        ollama.manifest(f"{self.LIBRARY}/plain/1", model=plain)
        ollama.manifest(f"{self.LIBRARY}/seeing/1", model=seeing, projector=eye)
        scan_of(ollama.top)
        named = {model.name: model for model in LlamaModel.objects.all()}
        assert named["seeing:1"].projector == named["seeing:1 (projector)"]
        assert named["plain:1"].projector is None

    def test_a_new_name_for_an_unchanged_blob_is_seen(self, ollama: OllamaFolder) -> None:
        digest = ollama.model()
        old = ollama.manifest(f"{self.LIBRARY}/old/1", model=digest)
        scan_of(ollama.top)
        old.unlink()
        ollama.manifest(f"{self.LIBRARY}/new/1", model=digest)
        scan_of(ollama.top)
        assert LlamaModel.objects.get().name == "new:1"
        scan_of(ollama.top)
        assert last_run().n_read == 0

    def test_a_hostile_manifest_reaches_no_other_file(self, ollama: OllamaFolder) -> None:
        secret = ollama.top.parent / "secret.gguf"
        llama_like(secret)
        for number, digest in enumerate(
            ["sha256:../../secret.gguf", "../../secret.gguf", "sha256-" + "/" * 64, 7, None]
        ):
            ollama.manifest(f"{self.LIBRARY}/evil/{number}", model=digest)  # type: ignore[arg-type]
        report = scan_of(ollama.top)
        assert (report.models, report.n_errors) == (0, 5)
        assert {error.kind for error in report.errors} == {"manifest"}
