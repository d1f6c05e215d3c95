"""Parts of pages that were drawn lately, for as long as the registry has not changed.

Fifty rows are most of what the models page costs (measured: 12 of 21 ms), and they are the same
for everybody with the same rights.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString

MOST: Final = 32  # some 80 KiB each


@dataclass(frozen=True, slots=True)
class Section:
    html: SafeString
    total: int  # how many models match, on all pages


_lock: Final = threading.Lock()
_sections: Final[OrderedDict[Hashable, Section]] = OrderedDict()


def section(key: Hashable, draw: Callable[[], Section]) -> Section:
    """`key` must hold all that the drawing depends on, the registry's version among it."""
    with _lock:
        found = _sections.get(key)
        if found is not None:
            _sections.move_to_end(key)
            return found
    drawn = draw()
    with _lock:
        _sections[key] = drawn
        while len(_sections) > MOST:
            _sections.popitem(last=False)
    return drawn
