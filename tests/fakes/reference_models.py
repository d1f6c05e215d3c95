"""Hyperparameters of five real models, and what llama.cpp itself allocates for them."""

from __future__ import annotations

from typing import Final, NamedTuple

from models_app.core.tensors import TensorSummary

MIB: Final = 1 << 20


class ReferenceModel(NamedTuple):
    """KV cache and compute buffer in MiB as llama-fit-params (CPU, flash attention) prints them."""

    name: str
    values: dict[str, object]
    vocabulary: int
    bytes_per_token: int
    kv_8k_f16: float
    kv_32k_q8_0: float
    compute_8k: float
    compute_error: float  # how far the estimate is off there

    @property
    def summary(self) -> TensorSummary:
        return TensorSummary(count=1, nbytes=1, vocabulary_rows=self.vocabulary)


def _keys(architecture: str, **numbers: int) -> dict[str, object]:
    own = {f"{architecture}.{key.replace('__', '.')}": n for key, n in numbers.items()}
    return {"general.architecture": architecture, f"{architecture}.context_length": 32768, **own}


LLAMA: Final = ReferenceModel(
    "Llama 3.1 8B",
    _keys("llama", block_count=32, embedding_length=4096, feed_forward_length=14336,
          attention__head_count=32, attention__head_count_kv=8),
    128256, 131_072, 1024.0, 2176.0, 266.5, 0.0,
)  # fmt: skip
QWEN: Final = ReferenceModel(
    "Qwen2.5 7B",
    _keys("qwen2", block_count=28, embedding_length=3584, feed_forward_length=18944,
          attention__head_count=28, attention__head_count_kv=4),
    152064, 57_344, 448.0, 952.0, 311.0, 0.0,
)  # fmt: skip
MIXTRAL: Final = ReferenceModel(
    "Mixtral 8x7B",
    _keys("llama", block_count=32, embedding_length=4096, feed_forward_length=14336,
          attention__head_count=32, attention__head_count_kv=8, expert_count=8,
          expert_used_count=2),
    32000, 131_072, 1024.0, 2176.0, 208.0, 8.1,
)  # fmt: skip
DEEPSEEK: Final = ReferenceModel(
    "DeepSeek V2 Lite",
    _keys("deepseek2", block_count=27, embedding_length=2048, feed_forward_length=10944,
          attention__head_count=16, attention__head_count_kv=1, attention__key_length=576,
          attention__value_length=512, attention__key_length_mla=192,
          attention__value_length_mla=128, attention__kv_lora_rank=512,
          rope__dimension_count=64, expert_count=64, expert_used_count=6,
          expert_feed_forward_length=1408),
    102400, 31_104, 243.0, 516.375, 240.3, 24.8,
)  # fmt: skip
GEMMA: Final = ReferenceModel(
    "Gemma 2 9B",
    _keys("gemma2", block_count=42, embedding_length=3584, feed_forward_length=14336,
          attention__head_count=16, attention__head_count_kv=8, attention__key_length=256,
          attention__value_length=256, attention__sliding_window=4096),
    256000, 172_032, 2100.0, 3257.625, 514.0, 0.0,
)  # fmt: skip
MODELS: Final = (LLAMA, QWEN, MIXTRAL, DEEPSEEK, GEMMA)
