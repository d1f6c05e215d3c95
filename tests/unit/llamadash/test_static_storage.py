from __future__ import annotations

from pathlib import Path

import pytest

from llamadash.static_storage import StaticStorage

FILES = {
    "js/app.js": 'import "./part.js";\n',
    "js/part.js": "export const part = 1;\n" * 50,
    "admin/css/base.css": "body { color: red }\n" * 50,
}


@pytest.fixture
def collected(tmp_path: Path) -> Path:
    storage = StaticStorage(location=str(tmp_path), base_url="/static/")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    done = list(storage.post_process({name: (storage, name) for name in FILES}))
    assert not [each for each in done if isinstance(each[2], Exception)]
    return tmp_path


def test_scripts_import_each_other_by_the_hash_of_their_content(collected: Path) -> None:
    (part,) = collected.glob("js/part.????????????.js")
    (app,) = collected.glob("js/app.????????????.js")
    assert f'import"./{part.name}"' in app.read_text()


def test_our_files_are_compressed(collected: Path) -> None:
    assert list(collected.glob("js/part.*.js.br")) and list(collected.glob("js/part.*.js.gz"))


def test_files_of_others_are_not_compressed(collected: Path) -> None:
    assert list(collected.glob("admin/css/base.*.css"))
    assert not list(collected.glob("admin/css/*.br")) and not list(collected.glob("admin/css/*.gz"))
