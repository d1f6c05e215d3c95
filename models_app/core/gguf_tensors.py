"""The tensor infos of a GGUF file: names, shapes, types and places, never the data."""

from __future__ import annotations

import itertools
import math
import struct
from collections import Counter
from dataclasses import dataclass
from typing import Final

from models_app.core.gguf_format import (
    INT64_LIMIT,
    SMALLEST_TENSOR_BYTES,
    TEXT_OVERHEAD_BYTES,
    GGUFError,
    Tensor,
)
from models_app.core.gguf_window import Window
from models_app.core.quantization import TENSOR_TYPES

ENGINE_NAME_BYTES: Final = 64  # GGML_MAX_NAME, with its closing zero


@dataclass(frozen=True, slots=True)
class TensorList:
    tensors: list[Tensor]
    end: int  # file position behind the last info
    data_bytes: int  # from the start of the data to the end of the last tensor
    warnings: list[str]


def read_tensors(
    window: Window, offset: int, count: int, *, alignment: int, order: str, kept_bytes: int
) -> TensorList:
    """`count` tensor infos from `offset` on; their names may take `kept_bytes` of memory."""
    limits = window.limits
    u32 = struct.Struct(order + "I").unpack_from
    u64 = struct.Struct(order + "Q").unpack_from
    tails = [struct.Struct(f"{order}{rank}QIQ") for rank in range(limits.dimensions + 1)]
    longest = 12 + limits.tensor_name_bytes + tails[-1].size
    tensors: list[Tensor] = []
    seen: set[bytes] = set()
    unknown: Counter[int] = Counter()
    data_bytes = 0
    for _ in range(count):
        index = offset - window.base
        if index < 0 or index + longest > len(window.data):
            wanted = min(longest, max(window.size - offset, SMALLEST_TENSOR_BYTES))
            index = window.at(offset, wanted)
        data = window.data
        (length,) = u64(data, index)
        if length > limits.tensor_name_bytes:
            raise GGUFError("bad_tensor", f"a tensor's name takes {length} bytes", offset)
        after_name = index + 8 + length
        if after_name + 4 > len(data):
            raise _cut_off(offset)
        name = data[index + 8 : after_name]
        (rank,) = u32(data, after_name)
        if rank > limits.dimensions:
            raise GGUFError("bad_tensor", f"a tensor has {rank} dimensions", offset)
        tail = tails[rank]
        if after_name + 4 + tail.size > len(data):
            raise _cut_off(offset)
        kept_bytes -= length + TEXT_OVERHEAD_BYTES
        if kept_bytes < 0:
            raise GGUFError("too_large", "the names of the tensors take too much memory", offset)
        if name in seen:
            raise GGUFError("duplicate_tensor", f"two tensors are named {name[:80]!r}", offset)
        seen.add(name)
        *dims, type_id, data_at = tail.unpack_from(data, after_name + 4)
        elements = math.prod(dims)
        known = TENSOR_TYPES.get(type_id)
        if known is None:
            nbytes = 0
            unknown[type_id] += 1
        else:
            _, block, block_bytes = known
            if dims and dims[0] % block:
                raise GGUFError(
                    "bad_tensor", f"a row of {dims[0]} numbers does not fit {known.name}", offset
                )
            nbytes = elements // block * block_bytes
        if elements >= INT64_LIMIT or nbytes >= INT64_LIMIT:
            raise GGUFError("bad_tensor", "a tensor is larger than any memory", offset)
        if data_at % alignment:
            raise GGUFError(
                "bad_tensor", f"a tensor's data is not at a multiple of {alignment} bytes", offset
            )
        data_bytes = max(data_bytes, data_at + nbytes)
        tensors.append(
            Tensor(name.decode("utf-8", "replace"), tuple(dims), type_id, data_at, nbytes, elements)
        )
        offset += 12 + length + tail.size
    if unknown:
        tensors = _sizes_from_gaps(tensors, window.size - align(offset, alignment))
    longest_name = max(map(len, seen), default=0)
    return TensorList(tensors, offset, data_bytes, _warnings(unknown, longest_name))


def align(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def _cut_off(offset: int) -> GGUFError:
    return GGUFError("truncated", "the file ends within its list of tensors", offset)


def _warnings(unknown: Counter[int], longest_name: int) -> list[str]:
    warnings = [
        f"tensor type {type_id} is not known ({count} tensors): sizes taken from the gaps"
        for type_id, count in sorted(unknown.items())
    ]
    if longest_name >= ENGINE_NAME_BYTES:
        warnings.append(f"a tensor's name takes {longest_name} bytes: llama.cpp refuses it")
    return warnings


def _sizes_from_gaps(tensors: list[Tensor], data_size: int) -> list[Tensor]:
    """Give tensors of unknown type the distance to the next tensor (padding included)."""
    starts = sorted({tensor.offset for tensor in tensors} | {data_size})
    following = dict(itertools.pairwise(starts))
    return [
        tensor
        if tensor.type_id in TENSOR_TYPES
        else tensor._replace(nbytes=_gap(tensor, following, data_size))
        for tensor in tensors
    ]


def _gap(tensor: Tensor, following: dict[int, int], data_size: int) -> int:
    return max(0, min(following.get(tensor.offset, 0), data_size) - tensor.offset)
