"""The xllamacpp package, or words that say what keeps it from being used."""

from __future__ import annotations

import platform
from types import ModuleType
from typing import Any, NamedTuple


class PackageMissing(Exception):
    """What to install, in one line."""


class Package(NamedTuple):
    module: Any
    extension: ModuleType  # the shared library inside

    @property
    def version(self) -> str:
        return str(self.module.__version__)


def load_package() -> Package:
    try:
        import xllamacpp
        from xllamacpp import xllamacpp as extension
    except ImportError as error:
        raise PackageMissing(_remedy(error)) from error
    return Package(xllamacpp, extension)


def _remedy(error: ImportError) -> str:
    if "libgomp" in str(error):
        return f"{error}; install the OpenMP runtime: apt install libgomp1"
    if isinstance(error, ModuleNotFoundError):
        return "the xllamacpp package is not installed: pip install 'llamadash[engine]'"
    return str(error)


def version_text(package: Package) -> str:
    """In llama-server's form. The library itself says build 0; the package's version knows it."""
    build = package.version.rpartition(".")[2]
    return (
        f"version: {package.version} (build {build}, commit unknown)\n"
        f"built with xllamacpp for {platform.system()} {platform.machine()}"
    )
