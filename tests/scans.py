"""What tests of scans share: files that have come to rest, and a scan of a folder."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from models_app import roots
from models_app.models import LlamaModel, ModelFile, ModelRoot, ScanRun
from models_app.scanning import ScanReport, scan

REST_SECONDS = 3600


def at_rest(folder: Path) -> Path:
    """Sets back the times of all files, as if nobody had written to them for an hour."""
    past = time.time() - REST_SECONDS
    for path in [folder, *folder.rglob("*")]:
        if path.is_file() and not path.is_symlink() and time.time() - path.stat().st_mtime < 10:
            os.utime(path, (past, past))
    return folder


def root_at(folder: Path, **changes: Any) -> ModelRoot:
    known = ModelRoot.objects.filter(path=str(folder)).first()
    root = known or roots.add_root(folder)
    for name, value in changes.items():
        setattr(root, name, value)
    root.save()
    return root


def scan_of(*folders: Path, **arguments: Any) -> ScanReport:
    return scan([root_at(at_rest(folder)) for folder in folders], **arguments)


def model_at(path: Path) -> LlamaModel:
    return LlamaModel.objects.get(path=str(path))


def file_at(path: Path) -> ModelFile:
    return ModelFile.objects.get(path=str(path))


def last_run() -> ScanRun:
    run = ScanRun.objects.order_by("-id").first()
    assert run is not None
    return run
