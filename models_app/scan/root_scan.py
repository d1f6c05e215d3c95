"""One root's part of a scan: what its walk found against what the registry knows."""

from __future__ import annotations

import os
import stat
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from models_app.disk.file_reading import Reading, read_file
from models_app.disk.found import FoundFile, stamp_of
from models_app.disk.grouping import Group, group_files
from models_app.disk.walking import WalkResult
from models_app.models import FileState, ModelRoot
from models_app.scan.registering import Absence, Known, KnownFile, KnownModel

# A file in one of these states was read, and needs no reading until it changes.
_SETTLED = (FileState.OK, FileState.INCOMPLETE, FileState.INVALID)


@dataclass(slots=True)
class Pending:
    """A model that is being read."""

    root_scan: RootScan
    group: Group
    readings: dict[int, Reading] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return len(self.readings) == len(self.group.files)

    @property
    def changed(self) -> bool:
        return any(reading.changed for reading in self.readings.values())

    def rest_in(self, settle_seconds: float) -> float:
        if self.changed:
            return settle_seconds
        return max(rest_in(file, settle_seconds) for file in self.group.files.values())


class RootScan:
    """Sorts what was found; reads and writes nothing itself."""

    def __init__(
        self, root: ModelRoot, result: WalkResult, known: Known, now: datetime, *, force: bool
    ) -> None:
        self.root = root
        self.result = result
        self.known = known
        self.now = now
        self.groups = group_files(result.found)
        self.unchanged_files: list[int] = []
        self.n_unchanged = 0  # models
        self._force = force
        self._files_of: dict[int, list[KnownFile]] = defaultdict(list)
        for file in known.files.values():
            self._files_of[file.model_id].append(file)
        self._vanished = self._vanished_files()

    def to_read(self) -> Iterator[Pending]:
        """Models with a new, changed or vanished file. All their files are read again, because
        facts are derived from the headers of all of them."""
        touched = {file.model_id for file in self._vanished}
        for group in self.groups:
            files = [self.known.files.get(file.path) for file in group.files.values()]
            if self._force or any(map(_needs_reading, group.files.values(), files)):
                yield Pending(self, group)
            elif touched.isdisjoint(file.model_id for file in files if file):
                self.n_unchanged += 1
                self.unchanged_files += [file.pk for file in files if file]
            else:
                yield Pending(self, group)

    def _vanished_files(self) -> list[KnownFile]:
        found = {file.path for file in self.result.found}
        return [
            file
            for file in self.known.files.values()
            if file.path not in found
            and file.state != FileState.MISSING
            and file.path not in self.result.unusable
            and file.path not in self.result.unsure
            and self._unlisted_folder(file.path) is None
        ]

    def _unlisted_folder(self, path: str) -> str | None:
        folders = self.result.unlisted
        return next((each for each in folders if path.startswith(each + os.sep)), None)

    def absence(self) -> Absence:
        """Of a complete walk only: one that stopped half way has not looked everywhere."""
        absence = Absence(missing_files=[file.pk for file in self._vanished])
        present = {group.path for group in self.groups}
        for model in self.known.models.values():
            if model.path in present or model.state == FileState.MISSING:
                continue
            if model.path in self.result.unsure:  # what is known of it stays
                continue
            reason = self._unreadable_reason(model)
            if reason is None:
                absence.missing_models.append(model.pk)
            elif (model.state, model.reason) != (FileState.UNREADABLE, reason):
                absence.unreadable.setdefault(reason, []).append(model.pk)
        return absence

    def _unreadable_reason(self, model: KnownModel) -> str | None:
        """Why nobody can say whether it is there; None when it is not there."""
        for file in self._files_of[model.pk]:
            if (why := self.result.unusable.get(file.path)) is not None:
                return f"The file cannot be looked at: {why}."
        folder = self._unlisted_folder(model.path)
        return None if folder is None else f"The folder {folder} cannot be listed."


def _needs_reading(found: FoundFile, known: KnownFile | None) -> bool:
    return known is None or known.state not in _SETTLED or known.scan_key != found.scan_key


def rest_in(found: FoundFile, settle_seconds: float) -> float:
    """Seconds until a file counts as written to its end, if nobody goes on writing; 0 if it does.

    A time in the future is a wrong clock, not a writer.
    """
    age = time.time() - found.mtime_ns / 1e9
    return settle_seconds - age if abs(age) < settle_seconds else 0.0


def read_settled(found: FoundFile, settle_seconds: float, *, use_numpy: bool = True) -> Reading:
    """Looks again at a file that was being written, and reads it if it has come to rest.

    Runs in a reader thread: even this look may be held by a disk.
    """
    try:
        status = Path(found.real_path).lstat()
    except OSError:
        return Reading(found, changed=True)
    device, inode, size_bytes, mtime_ns, ctime_ns = stamp_of(status)
    again = found._replace(
        device=device,
        inode=inode,
        size_bytes=size_bytes,
        mtime_ns=mtime_ns,
        ctime_ns=ctime_ns,
    )
    if not stat.S_ISREG(status.st_mode) or rest_in(again, settle_seconds):
        return Reading(found, changed=True)
    return read_file(again, use_numpy=use_numpy)
