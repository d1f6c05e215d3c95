from __future__ import annotations

import json
from typing import Any

import pytest

from proxy_app.core.media import has_images

TEXT = {"type": "text", "text": "an image"}


def said(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (said([TEXT, {"type": "image_url", "image_url": {"url": "data:,"}}]), True),
        (said([{"type": "image", "source": {"data": ""}}]), True),
        (said([{"type": "tool_result", "content": [{"type": "image"}]}]), True),
        ({"input": [{"content": [{"type": "input_image", "image_url": "data:,"}]}]}, True),
        ({"messages": [{"content": "x", "images": ["AAAA"]}]}, True),
        ({"prompt": "x", "images": ["AAAA"]}, True),
        (said("an image"), False),
        (said([TEXT]), False),
        ({"prompt": "image", "images": []}, False),
        ({"messages": {"type": ["image"]}}, False),
        ({"input": 7, "messages": "image"}, False),
    ],
)
def test_images_are_seen_in_every_dialect(question: dict[str, Any], expected: bool) -> None:
    assert has_images(json.dumps(question).encode(), question) is expected
