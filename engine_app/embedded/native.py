"""llama.cpp's own parser, which the package's shared library exports: every flag, its help texts.

It is called through ctypes and relies on a private memory layout: the version is pinned, and a
throw-away object is tried first. Where it cannot be trusted, the table serves.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Sequence
from typing import Any, Final

from engine_app.embedded.arguments import Parse
from engine_app.embedded.package import Package

PINNED: Final = "2026.10.11549"  # llama.cpp b11549
SERVER: Final = 12  # llama_example::SERVER in that build
SYMBOL: Final = "_Z19common_params_parseiPPcR13common_params13llama_examplePFviS0_E"
# The Python object header comes first, then the C++ struct.
STRUCT_OFFSET: Final = object.__basicsize__
PROBE: Final = ("-m", "probe.gguf", "--port", "51234", "-c", "777", "-np", "3", "--metrics")
FOUND: Final = ("probe.gguf", 51234, 777, 3, True)


def native_parse(package: Package) -> Parse | None:
    if not _is_the_known_build(package):
        return None
    try:
        function = getattr(ctypes.CDLL(package.extension.__file__), SYMBOL)
    except (OSError, AttributeError):
        return None
    function.restype = ctypes.c_bool

    def parse(params: Any, args: Sequence[str]) -> bool:
        words = [b"llama-server", *map(os.fsencode, args)]
        argv = (ctypes.c_char_p * (len(words) + 1))(*words, None)
        address = ctypes.c_void_p(id(params) + STRUCT_OFFSET)
        return bool(function(len(words), argv, address, SERVER, None))

    return parse if _reads_right(parse, package.module.CommonParams()) else None


def _is_the_known_build(package: Package) -> bool:
    forced_off = os.environ.get("EMBEDDED_ENGINE_PARSER") == "table"
    here = (sys.platform, platform.machine())
    return not forced_off and package.version == PINNED and here == ("linux", "x86_64")


def _reads_right(parse: Parse, params: Any) -> bool:
    read = parse(params, PROBE)
    found = (
        params.model.path,
        params.port,
        params.n_ctx,
        params.n_parallel,
        params.endpoint_metrics,
    )
    return read and found == FOUND
