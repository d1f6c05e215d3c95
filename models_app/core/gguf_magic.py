"""What a file that does not begin with the GGUF magic looks like: said to its owner."""

from __future__ import annotations

from typing import Final

from models_app.core.gguf_format import GGUFError

SNIFF_BYTES: Final = 512  # enough to tell the formats below apart

# As the bytes lie in the file: ggml's first formats wrote their magic as a little-endian number.
_LEGACY: Final = {
    b"lmgg": "an unversioned ggml file, older than GGUF: download or convert the model again",
    b"fmgg": "a ggmf file, older than GGUF: download or convert the model again",
    b"tjgg": "a ggjt file, older than GGUF: download or convert the model again",
    b"FUGG": "the magic is byte-swapped: written by a program with the wrong byte order",
}

_LOOKS_LIKE: Final = (
    (b"PK\x03\x04", "a zip archive (perhaps a PyTorch checkpoint)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"version https://git-lfs.github.com/spec", "a Git LFS pointer: run `git lfs pull`"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x80\x02", "a Python pickle (an old PyTorch checkpoint)"),
    (b"\x89HDF", "an HDF5 file (Keras)"),
)


def refusal(head: bytes) -> GGUFError:
    """Why these first bytes of a file are no GGUF header."""
    legacy = _LEGACY.get(head[:4])
    if legacy is not None:
        return GGUFError("legacy_ggml", legacy, 0)
    guess = _guess(head)
    return GGUFError("bad_magic", "not a GGUF file" + (f": {guess}" if guess else ""), 0)


def _guess(head: bytes) -> str | None:
    if len(head) < 4:
        return "shorter than the four bytes every GGUF file begins with"
    for beginning, name in _LOOKS_LIKE:
        if head.startswith(beginning):
            return f"looks like {name}"
    if not head.strip(b"\0"):
        return "begins with zeros, like a download that has not finished"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")):
        return "looks like an HTML page (perhaps a download that needed a login)"
    # safetensors: u64 length of a JSON object, then the object
    if head[8:10] in (b'{"', b"{}", b"{ ") and int.from_bytes(head[:8], "little") < 1 << 40:
        return "looks like a safetensors file: llama.cpp needs it converted to GGUF"
    if text.startswith((b"{", b"[")):
        return "looks like JSON"
    return None
