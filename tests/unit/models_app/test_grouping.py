from __future__ import annotations

from models_app.disk.found import FoundFile
from models_app.disk.grouping import group_files


def found(*paths: str) -> list[FoundFile]:
    return [FoundFile(path, path, 1, at, 10, 0, 0) for at, path in enumerate(paths)]


def test_a_file_alone_is_a_group() -> None:
    (group,) = group_files(found("/m/a.gguf"))
    assert (group.path, group.total, list(group.files), group.absent) == (
        "/m/a.gguf",
        None,
        [1],
        [],
    )


def test_shards_are_one_group_whatever_their_order() -> None:
    (group,) = group_files(found("/m/a-00002-of-00002.gguf", "/m/a-00001-of-00002.gguf"))
    assert group.path == "/m/a-00001-of-00002.gguf"
    assert sorted(group.files) == [1, 2] and not group.absent


def test_the_path_of_a_group_is_its_first_shard_even_if_that_is_absent() -> None:
    (group,) = group_files(found("/m/a-00003-of-00003.gguf"))
    assert (group.path, group.absent) == ("/m/a-00001-of-00003.gguf", [1, 2])


def test_another_folder_total_or_name_is_another_group() -> None:
    groups = group_files(
        found(
            "/m/a-00001-of-00002.gguf",
            "/n/a-00001-of-00002.gguf",
            "/m/a-00001-of-00003.gguf",
            "/m/b-00001-of-00002.gguf",
        )
    )
    assert len({group.path for group in groups}) == 4


def test_an_impossible_shard_is_a_file_alone() -> None:
    groups = group_files(found("/m/a-00000-of-00002.gguf", "/m/a-00003-of-00002.gguf"))
    assert [group.total for group in groups] == [None, None]


def test_two_files_of_one_number_are_not_lost() -> None:
    files = found("/m/a-00001-of-00002.gguf", "/m/a-00002-of-00002.gguf", "/m/A.gguf", "/m/A.GGUF")
    groups = group_files(files)
    assert sorted(file.path for group in groups for file in group.files.values()) == sorted(
        file.path for file in files
    )
