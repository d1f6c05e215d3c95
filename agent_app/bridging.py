from __future__ import annotations

from channels.layers import get_channel_layer

from live_app.bridge import Bridge
from live_app.hub import hub


def make_bridge() -> Bridge | None:
    """None where one process does everything: no channel layer is configured."""
    layer = get_channel_layer()
    return None if layer is None else Bridge(hub, layer)
