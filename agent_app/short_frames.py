from __future__ import annotations

from typing import Final

_TEXT: Final = 0x81  # final, text
_MASKED: Final = 0x80
_LONGEST: Final = 125  # of those that give their length in one byte
_HEAD: Final = 6  # with the mask


def short_text(data: bytes) -> str | None:
    """The text, when `data` is exactly one short text frame of a browser: an acknowledgement.

    None for all else, which whoever knows the whole protocol must read.
    """
    n_bytes = len(data) - _HEAD
    if not 0 < n_bytes <= _LONGEST or data[0] != _TEXT or data[1] != _MASKED | n_bytes:
        return None
    mask = data[2:_HEAD] * (n_bytes // 4 + 1)
    masked = int.from_bytes(data[_HEAD:], "big")
    plain = masked ^ int.from_bytes(mask[:n_bytes], "big")
    try:
        return plain.to_bytes(n_bytes, "big").decode()
    except UnicodeDecodeError:
        return None
