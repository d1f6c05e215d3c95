"""`llamadash.formats` for templates; these filters need no `{% load %}`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from llamadash import formats
from models_app.models import RootKind

register = template.Library()

register.filter("size", formats.size)
register.filter("grouped", formats.grouped)
register.filter("seconds", formats.seconds)
register.filter("duration", formats.duration)


@register.filter
def moment(at: datetime | None, why_unknown: str = "never") -> SafeString:
    """A `<time>` in UTC that static/js/local-time.js shows in the browser's zone."""
    if at is None:
        return format_html('<span title="{}">-</span>', why_unknown)
    utc = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{} UTC</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        utc.strftime("%Y-%m-%d %H:%M"),
    )


@register.filter
def ago(at: datetime | None, why_unknown: str = "never") -> SafeString:
    """A `<time>` like "3 min 20 s ago", kept current by static/js/local-time.js."""
    if at is None:
        return format_html('<span title="{}">-</span>', why_unknown)
    utc = at.astimezone(UTC)
    passed = formats.duration(max(0.0, (datetime.now(UTC) - utc).total_seconds()))
    return format_html(
        '<time datetime="{}" title="{} UTC" data-ago>{} ago</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        passed,
    )


@register.filter
def known(value: object, why_unknown: str = "not known") -> object:
    """The value, or "-" with the reason as its title."""
    if value is None or value == "":
        return format_html('<span title="{}">-</span>', why_unknown)
    return value


@register.filter
def size_exact(n_bytes: int | None, why_unknown: str = "not known") -> SafeString:
    """`4.6 GiB` with the exact bytes as its title."""
    if n_bytes is None:
        return format_html('<span title="{}">-</span>', why_unknown)
    exact = f"{n_bytes:,} bytes"
    return format_html(
        '<data value="{}" title="{}">{}</data>', n_bytes, exact, formats.size(n_bytes)
    )


@register.filter
def size_number(n_bytes: float | None) -> str:
    """The `4.6` of `4.6 GiB`, for big figures whose unit is set smaller."""
    return formats.size(n_bytes).partition(" ")[0]


@register.filter
def size_unit(n_bytes: float | None) -> str:
    return formats.size(n_bytes).partition(" ")[2]


SCAN_GLYPHS: Final = {
    "queued": ("wait", "wait"),
    "running": ("load", "load"),
    "done": ("ok", "ok"),
    "cancelled": ("stop", "stop"),
    "failed": ("fail", "fail"),
    "interrupted": ("warn", "warn"),
}


@register.filter
def scan_glyph(state: str, part: str) -> str:
    """The class of `.st` or the glyph's id in the sprite, for the state of a scan."""
    css_class, glyph = SCAN_GLYPHS.get(state, ("", "unk"))
    return css_class if part == "class" else glyph


@register.filter
def root_kind(kind: str) -> str:
    """The words for a kind of folder."""
    return dict(RootKind.choices).get(kind, kind)
