"""Prints what the real engine allocates for a model, on stderr and in its own words.

    python engine_memory.py MODEL CONTEXT PARALLEL UNIFIED

The lines come from its first pass, which allocates nothing: whoever reads them may end this
process then.
"""

from __future__ import annotations

import os
import sys

import xllamacpp


def main(model: str, context: str, parallel: str, unified: str) -> None:
    wanted = xllamacpp.CommonParams()
    wanted.model.path = model
    wanted.hostnames = ["127.0.0.1"]
    wanted.port = 0
    wanted.ui = False
    wanted.warmup = False
    wanted.verbosity = 5
    wanted.n_ctx, wanted.n_parallel = int(context), int(parallel)
    wanted.kv_unified = unified == "True"
    xllamacpp.Server(wanted)
    os._exit(0)  # only reached where the first pass was not printed


if __name__ == "__main__":
    main(*sys.argv[1:])
