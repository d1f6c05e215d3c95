"""A router's feed of what its models do. It only says when to look: a look says what is so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import orjson

from engine_app.attached.client import Client, Feed, Unreachable, Wrong
from engine_app.core.event_stream import EventStream, EventTooLong
from engine_app.core.server_answers import News, read_news

logger = logging.getLogger(__name__)
PATH: Final = "/models/sse"
AGAIN_SECONDS: Final = 5.0  # after a feed that was good
BETWEEN_SECONDS: Final = 0.05
MOST_SECONDS: Final = 300.0  # at a router that has none


async def follow_feed(client: Client, heard: Callable[[News], None]) -> None:
    """For ever; where there is no feed, the looks every few seconds must do."""
    pause = AGAIN_SECONDS
    while True:
        is_good = await _listen(client, heard)
        pause = AGAIN_SECONDS if is_good else min(pause * 2, MOST_SECONDS)
        await asyncio.sleep(pause)


async def _listen(client: Client, heard: Callable[[News], None]) -> bool:
    """Whether there was a feed, however it ended."""
    was_one = False
    try:
        async with client.events(PATH) as feed:
            was_one = feed.status == 200 and feed.is_event_stream
            if was_one:
                await _read(feed, heard)
    except EventTooLong:
        return False
    except (Unreachable, Wrong) as why:
        logger.debug("the feed of %s: %s", client.address, why)
    return was_one


async def _read(feed: Feed, heard: Callable[[News], None]) -> None:
    stream = EventStream()
    async for piece in feed.pieces():
        for data in stream.feed(piece):
            if (news := _news(data)) is not None:
                heard(news)
        # A router that never stops talking costs a few milliseconds in each second.
        await asyncio.sleep(BETWEEN_SECONDS)


def _news(data: bytes) -> News | None:
    try:
        return read_news(orjson.loads(data))
    except ValueError:
        return None
