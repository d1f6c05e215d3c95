from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def item(mapping: Mapping[str, Any], key: str) -> Any:
    """`mapping[key]` for a key that is only known while drawing; None if it is not there."""
    return mapping.get(key)
