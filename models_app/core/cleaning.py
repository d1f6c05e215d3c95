"""Makes texts out of model files fit for storage. They stay hostile: escape them where shown."""

from __future__ import annotations

import re
from typing import Final

MAX_LINE: Final = 255
MAX_TEXT: Final = 4096
MAX_LINK: Final = 2048
MAX_TEMPLATE: Final = 256 << 10  # characters; the longest real templates have some 20 thousand

# PostgreSQL refuses NUL, UTF-8 has no surrogates (file names can hold them).
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# In a single line, other control characters could forge a log line or move a terminal's cursor, and
# direction marks could make a name read as another one.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"


def clean_text(text: str | None, limit: int = MAX_TEXT) -> str | None:
    """Line breaks and other controls stay; an empty text is None."""
    if text is None:
        return None
    return _UNSTORABLE.sub(_REPLACEMENT, text[:limit]) or None


def clean_line(text: str | None, limit: int = MAX_LINE) -> str | None:
    if text is None:
        return None
    # Cut first: a file's string may have megabytes.
    return _CONTROL.sub(_REPLACEMENT, text[: 2 * limit].strip())[:limit] or None


def clean_link(text: str | None) -> str | None:
    """Web addresses only: a link of any other kind could run code when it is followed."""
    line = clean_line(text, MAX_LINK)
    return line if line and line.startswith(("https://", "http://")) else None
