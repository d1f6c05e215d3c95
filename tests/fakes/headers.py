"""Headers and tensor lists without a file, for tests of what is derived from them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from models_app.core.gguf import ArrayValue, Header, Tensor, Value
from models_app.core.quantization import TENSOR_TYPE_IDS
from models_app.core.tensors import TensorSummary, summarise
from tests.fakes.gguf_models import TensorLine
from tests.fakes.gguf_writer import tensor_bytes

# Value type numbers of GGUF.
UINT32, STRING = 4, 8


def header_of(values: Mapping[str, Value]) -> Header:
    return Header(
        version=3,
        big_endian=False,
        values=dict(values),
        tensors=[],
        data_offset=0,
        header_bytes=0,
        file_size=0,
        incomplete=False,
    )


def decoder_header(**values: Value) -> Header:
    """A llama decoder with a tokenizer; keys in `values` use "__" for the dot."""
    usual: dict[str, Value] = {
        "general.architecture": "llama",
        "llama.block_count": 2,
        "tokenizer.ggml.model": "gpt2",
    }
    return header_of({**usual, **{key.replace("__", "."): v for key, v in values.items()}})


def array_of(items: list[bool | int | float | str], item_type: int = UINT32) -> ArrayValue:
    return ArrayValue(item_type, len(items), 0, items)


def texts_of(*items: str) -> ArrayValue:
    return ArrayValue(STRING, len(items), 0, list(items))


def tensor_of(name: str, dims: tuple[int, ...], type_name: str = "F32") -> Tensor:
    type_id = TENSOR_TYPE_IDS[type_name]
    return Tensor(name, dims, type_id, 0, tensor_bytes(dims, type_id), math.prod(dims))


def summary_of(lines: Iterable[TensorLine]) -> TensorSummary:
    return summarise(tensor_of(*line) for line in lines)
