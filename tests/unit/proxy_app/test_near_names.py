"""What a name that is not known may have meant."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from proxy_app import listing
from proxy_app.catalogue import Entry, Names
from proxy_app.holders import NOBODY


def names(*ids: str) -> Names:
    more: Any = (1, None, "", (), "chat", (), None, 0, 0, "", "", None)
    entries = [Entry(each, *more) for each in ids]
    by_name = {each.id: each for each in entries}
    return Names(tuple(entries), by_name, {each.id.casefold(): each for each in entries})


def many(number: int) -> Names:
    ids = [
        f"family-{n % 37}-model-{n}-instruct-with-a-long-name-q{n % 9}_k_m" for n in range(number)
    ]
    return names(*ids, "Tiny-Chat", "Other")


def test_the_nearest_of_many_is_found() -> None:
    found = many(3_000)
    assert found.near("tiny-caht") == ["Tiny-Chat"]
    assert "family-5-model-5-instruct-with-a-long-name-q5_k_m" in found.near(
        "family-5-model-5-instrct-with-a-long-name-q5_k_m"
    )


def test_nothing_is_near_to_what_is_quite_different() -> None:
    assert names("tiny-chat").near("zzzz") == []
    assert names().near("x") == []


async def test_the_loop_goes_on_while_names_are_compared() -> None:
    found, longest = many(3_000), 0.0
    asked = [listing.unknown(f"{'unknown-name' * 40}-{n}", found, NOBODY) for n in range(4)]
    work = asyncio.ensure_future(asyncio.gather(*asked))
    while not work.done():
        began = time.monotonic()
        await asyncio.sleep(0)
        longest = max(longest, time.monotonic() - began)
    assert all(error.code == "model_not_found" for error in work.result())
    assert longest < 0.5


def test_what_was_asked_before_is_not_compared_again() -> None:
    found = many(3_000)
    found.near("family-5-model-6")
    began = time.monotonic()
    for _ in range(1_000):
        found.near("family-5-model-6")
    assert time.monotonic() - began < 0.5
