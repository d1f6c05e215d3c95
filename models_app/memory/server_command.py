"""The llama-server command that starts a model with the options of the memory form."""

from __future__ import annotations

import shlex

from models_app.core.memory import Options


def server_command(path: str, options: Options, *, on_gpu: bool) -> str:
    """One line for a POSIX shell. `on_gpu` is false where the model is to stay in RAM."""
    words = [
        "llama-server",
        *("-m", path),
        *("--ctx-size", str(options.ctx)),
        *("--parallel", str(options.parallel)),
        *("--cache-type-k", options.type_k),
        *("--cache-type-v", options.type_v),
        *("--n-gpu-layers", str(options.gpu_layers if on_gpu else 0)),
    ]
    return shlex.join(words)
