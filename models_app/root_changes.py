"""Folders that are switched off, on again, or taken out of the registry."""

from __future__ import annotations

from django.db import transaction
from django.db.models import ProtectedError

from models_app import known_list
from models_app.models import ModelRoot, RegistryVersion
from models_app.scan.scan_locks import ScanBusy, hold


class FolderBusy(Exception):
    """A scan is in this folder, or something uses one of its models; says what."""


def switch(root: ModelRoot, enabled: bool) -> bool:
    """Whether that changed anything."""
    with transaction.atomic():
        changed = ModelRoot.objects.filter(pk=root.pk).exclude(enabled=enabled)
        n_changed = changed.update(enabled=enabled)
        if n_changed:
            RegistryVersion.raise_it()
    known_list.forget()
    return n_changed > 0


def remove(root: ModelRoot) -> None:
    """Forgets the folder and its models with all that people noted; touches no file.

    Raises FolderBusy while it is scanned, which would bring its models back without a folder, and
    while one of them is in use.
    """
    try:
        with hold([root]), transaction.atomic():
            root.delete()
            RegistryVersion.raise_it()
    except ScanBusy as error:
        raise FolderBusy(str(error)) from error
    except ProtectedError as error:
        raise FolderBusy(str(error.args[0]).removesuffix(".")) from error
    known_list.forget()
