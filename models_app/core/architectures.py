"""What llama.cpp knows of an architecture by its name alone, because no key of the file says it."""

from __future__ import annotations

from typing import Final

# They read a whole text at once and generate nothing.
ENCODERS: Final = frozenset(
    {
        "bert", "eurobert", "gemma-embedding", "jina-bert-v2", "jina-bert-v3", "modern-bert",
        "neo-bert", "nomic-bert", "nomic-bert-moe", "t5encoder",
    }
)  # fmt: skip
# They produce text by repeated denoising, which llama-server does not offer.
DIFFUSION: Final = frozenset({"dream", "llada", "llada-moe", "rnd1"})
