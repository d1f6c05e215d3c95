"""The quantization label: what general.file_type claims, held against the tensors and the name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from models_app.core.cleaning import clean_line
from models_app.core.file_names import FileNameParts
from models_app.core.gguf import Header
from models_app.core.kinds import is_part
from models_app.core.quantization import FILE_TYPES, TENSOR_TYPE_IDS, TENSOR_TYPES, FileType
from models_app.core.tensors import UNKNOWN_TYPE, TensorSummary

MAX_LABEL: Final = 32
LabelSource = Literal["file_type", "tensors", "name"]

# A claimed type that makes up less than this share of the matrices it could be in is not true.
# Mixed quantization is normal: a Q4_K_M of a small or expert model may be 57 % Q4_K.
_SMALLEST_SHARE: Final = 0.1
_VARIANT = re.compile(r"^UD-|_X{0,2}L$")
_BITS = re.compile(r"\d")
_BY_LABEL: Final = {file_type.label: file_type for file_type in FILE_TYPES.values()}


@dataclass(frozen=True, slots=True)
class Label:
    """`variant` is the file name's finer word ("UD-Q4_K_XL"), which no metadata field can hold."""

    text: str | None = None
    source: LabelSource | None = None
    variant: str | None = None
    imatrix: bool = False  # known to be made with an importance matrix


def label_of(header: Header, summary: TensorSummary, parts: FileNameParts) -> Label:
    """general.file_type unless the repeated layers contradict it, else tensors, else the name."""
    if not summary.count and not is_part(header):
        return Label()  # no weights, whatever converters write into a vocabulary's file_type
    text, source = _text(header, summary, parts)
    imatrix = parts.imatrix or any(key.startswith("quantize.imatrix.") for key in header.values)
    return Label(text, source, _variant(text, parts), imatrix)


def label_from_name(parts: FileNameParts) -> Label:
    text = _encoding(parts)
    return Label(text, "name" if text else None, None, parts.imatrix)


def _text(
    header: Header, summary: TensorSummary, parts: FileNameParts
) -> tuple[str | None, LabelSource | None]:
    claimed = _claimed(header)
    if claimed is not None and _holds(claimed, summary):
        return claimed.label, "file_type"
    commonest = _commonest(summary)
    named = _BY_LABEL.get(_encoding(parts) or "")
    # Tensors tell Q4_K, only a name tells _S from _M: it may, where both agree on the type.
    if named is not None and commonest in (None, named.dominant) and _holds(named, summary):
        return named.label, "name"
    # "Q4_K", never "Q4_K_M": that is what most such files are, but their tensors cannot tell it
    # from "Q4_K_S", and a guess is not shown as a fact.
    if commonest is not None:
        return commonest, "tensors"
    text = None if summary.count else _encoding(parts)
    return text, "name" if text else None


def _claimed(header: Header) -> FileType | None:
    number = header.integer("general.file_type")
    return None if number is None else FILE_TYPES.get(number)


def _holds(file_type: FileType, summary: TensorSummary) -> bool:
    """Whether the repeated layers hold a fair share of the type this label stands for.

    Only matrices whose rows are whole blocks are asked: the others fall back to another type.
    """
    type_id = TENSOR_TYPE_IDS[file_type.dominant]
    asked = summary.bytes_of_rows(TENSOR_TYPES[type_id].block_elements)
    return asked[type_id] >= _SMALLEST_SHARE * asked.total()


def _commonest(summary: TensorSummary) -> str | None:
    known = {i: n for i, n in summary.matrices.items() if i != UNKNOWN_TYPE}
    if not known:
        return None
    return TENSOR_TYPES[max(known, key=lambda i: (known[i], -i))].name


def _encoding(parts: FileNameParts) -> str | None:
    return clean_line(parts.encoding, MAX_LABEL)


def _variant(text: str | None, parts: FileNameParts) -> str | None:
    """The name's encoding where it says more than the label and does not contradict it."""
    encoding = _encoding(parts)
    if text is None or encoding is None or encoding in (text, *_BY_LABEL):
        return None
    if not _VARIANT.search(encoding):
        return None
    return encoding if _bits(encoding) == _bits(text) else None


def _bits(label: str) -> str | None:
    found = _BITS.search(label)
    return found[0] if found else None
