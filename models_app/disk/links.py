"""Several paths to one file on disk: which of them counts."""

# Paths stay texts here: a Path for every entry would cost more than listing the folders.
# ruff: noqa: PTH118
from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache

from models_app.disk.found import FoundFile
from models_app.disk.grouping import Group, group_files
from models_app.disk.stores import main_revision, repository_folder


def one_path_each(found: list[FoundFile]) -> list[FoundFile]:
    """Drops links to files that are found under a better path.

    A file's own name is best, then the snapshot a repository's `main` points at, then the first by
    name. All shards of a model go together: half of them under one path would be no model. Hard
    links are names of equal rank, and stay.
    """
    if not any(file.is_link for file in found):
        return found
    taken: set[tuple[int, int]] = set()
    kept: list[FoundFile] = []
    revision = cache(main_revision)
    for group in sorted(group_files(found), key=lambda group: _rank(group, revision)):
        files = list(group.files.values())
        inodes = {(file.device, file.inode) for file in files}
        if all(file.is_link for file in files) and inodes <= taken:
            continue
        taken |= inodes
        kept += files
    return kept


def _rank(group: Group, revision: object) -> tuple[int, str]:
    file = next(iter(group.files.values()))
    if not file.is_link:
        return 0, group.path
    repository = repository_folder(file.path)
    if repository is not None and callable(revision):
        main = revision(repository)
        if main is not None and _is_below(file.path, (repository, "snapshots", main)):
            return 1, group.path
    return 2, group.path


def _is_below(path: str, parts: Iterable[str]) -> bool:
    return path.startswith(os.path.join(*parts) + os.sep)
