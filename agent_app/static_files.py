"""Collected static files: compressed, named by their content, made anew only when they changed."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command

from llamadash.version import VERSION

logger = logging.getLogger(__name__)


def collect_if_changed() -> bool:
    """Brings STATIC_ROOT up to date. Whether there was anything to do."""
    root = Path(settings.STATIC_ROOT)
    stamp = root / ".source"
    source = fingerprint()
    try:
        if stamp.read_text() == source:
            return False
    except OSError:
        logger.info("collecting static files")
    root.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(source)
    return True


def fingerprint() -> str:
    """Changes when a source file is added, removed or changed."""
    digest = hashlib.blake2b(VERSION.encode(), digest_size=16)
    for finder in finders.get_finders():
        for name, storage in finder.list(ignore_patterns=[]):
            info = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{info.st_size}\0{info.st_mtime_ns}\0".encode())
    return digest.hexdigest()
