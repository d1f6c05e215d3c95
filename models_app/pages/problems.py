"""What to do about a model that cannot be used: one sentence for each kind of trouble."""

from __future__ import annotations

from typing import Final

_BY_STATE: Final = {
    "incomplete": "Let the download finish, or fetch the missing part again; then scan.",
    "unreadable": "Check the disk and who may read the file; then scan.",
    "missing": "Put the file back, or remove the entry. Notes and names are kept until then.",
    "invalid": "Fetch the file again, or convert it anew with a present llama.cpp.",
}
_BY_ERROR: Final = {
    "empty": "The download did not start: fetch the file again.",
    "truncated": "The file ends too early: fetch it again.",
    "bad_magic": "This is another kind of file under this name: fetch the model itself.",
    "legacy_ggml": "Made before GGUF: look for a newer file of this model, or convert it again.",
    "unsupported_version": "Look for a newer file of this model, or convert it again.",
    "not_regular": "This is not an ordinary file: take it out of the models folder.",
}


def what_to_do(state: str, error_kind: str = "") -> str:
    return _BY_ERROR.get(error_kind) or _BY_STATE.get(state, "")
