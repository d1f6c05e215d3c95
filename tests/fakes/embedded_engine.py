"""The real llama.cpp server for one model, for as long as stdin stays open.

    LLAMA_API_KEY=... python embedded_engine.py MODEL [--embeddings | --reranking]

Prints its address on stdout once the model is loaded.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import Any

import xllamacpp


def parameters(model: str, *, embeddings: bool, reranking: bool) -> Any:
    wanted = xllamacpp.CommonParams()
    wanted.model.path = model
    wanted.hostnames = ["127.0.0.1"]
    wanted.port = 0
    wanted.api_keys = [os.environ["LLAMA_API_KEY"]]
    wanted.n_ctx = 512
    wanted.ui = False
    wanted.verbosity = 1
    # More threads only spin at barriers with matrices this small.
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = 1
    wanted.embedding = embeddings or reranking
    if reranking:
        wanted.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
    return wanted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--embeddings", action="store_true")
    parser.add_argument("--reranking", action="store_true")
    server = xllamacpp.Server(parameters(**vars(parser.parse_args())))
    # Only now: starting the server has put handlers of its own there.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(server.listening_address, flush=True)
    sys.stdin.buffer.read()  # ends with the parent, however that ended
    os._exit(0)  # the server's destructor would wait for open requests


if __name__ == "__main__":
    main()
