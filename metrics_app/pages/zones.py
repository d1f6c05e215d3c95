"""In which zone a page shows times: the browser's own, or UTC with `?tz=utc`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString

Zone = Literal["local", "utc"]


def read_zone(given: Mapping[str, str]) -> Zone:
    return "utc" if given.get("tz", "").lower() == "utc" else "local"


def clock(at: float, *, with_seconds: bool) -> SafeString:
    """A `<time>` that the browser writes in the page's zone; here it is UTC."""
    moment = datetime.fromtimestamp(at, UTC)
    pattern = "%Y-%m-%d %H:%M:%S" if with_seconds else "%Y-%m-%d %H:%M"
    return format_html(
        '<time datetime="{}" title="{} UTC"{}>{} UTC</time>',
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        SafeString(" data-seconds") if with_seconds else "",
        moment.strftime(pattern),
    )
