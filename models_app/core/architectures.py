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
# They turn one text into another. llama-server loads them, but never runs the encoder.
ENCODER_DECODERS: Final = frozenset({"t5"})
# Decoders that keep K and V of every attention layer and nothing else, by rules that
# models_app.core.kv_cache knows. Whatever is in none of these lists may keep more.
PLAIN_DECODERS: Final = frozenset(
    {
        "afmoe", "apertus", "arcee", "arctic", "baichuan", "bailingmoe", "bailingmoe2", "bitnet",
        "bloom", "chameleon", "chatglm", "codeshell", "cogvlm", "cohere2", "cohere2moe",
        "command-r", "dbrx", "deci", "deepseek", "deepseek2", "dots1", "ernie4_5", "ernie4_5-moe",
        "exaone", "exaone-moe", "exaone4", "falcon", "gemma", "gemma2", "gemma3", "gemma3n",
        "gemma4", "glm4", "glm4moe", "gpt-oss", "gpt2", "gptj", "gptneox", "granite",
        "granitemoe", "grok", "grovemoe", "hunyuan-dense", "hunyuan-moe", "internlm2", "jais",
        "jais2", "llama", "llama4", "maincoder", "mellum", "minicpm", "minicpm3", "minimax-m2",
        "mistral3", "mistral4", "mpt", "nemotron", "olmo", "olmo2", "olmoe", "openelm", "orion",
        "pangu-embedded", "phi2", "phi3", "phimoe", "plamo", "plamo3", "qwen", "qwen2",
        "qwen2moe", "qwen2vl", "qwen3", "qwen3moe", "qwen3vl", "qwen3vlmoe", "refact",
        "seed_oss", "smallthinker", "smollm3", "stablelm", "starcoder", "starcoder2", "xverse",
    }
)  # fmt: skip
# Some of their layers, or all, keep a state whose size does not depend on the context.
RWKV: Final = frozenset({"arwkv7", "rwkv6", "rwkv6qwen2", "rwkv7"})
MAMBA_HYBRIDS: Final = frozenset(
    {"granitehybrid", "jamba", "nemotron-h", "nemotron_h", "nemotron_h_moe", "plamo2"}
)
SHORT_CONVOLUTIONS: Final = frozenset({"lfm2", "lfm2moe"})
DELTA_ATTENTION: Final = frozenset({"kimi-linear"})
