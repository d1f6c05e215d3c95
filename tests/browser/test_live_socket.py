"""The page's side of the protocol: what it asks for and what it believes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.live_feed import SEQ, Feed, shown, three_values

pytestmark = pytest.mark.browser


@pytest.fixture
def feed(page: Page) -> Feed:
    return three_values(page)


def test_one_message_asks_for_each_topic_once(feed: Feed) -> None:
    assert [sorted(each["topics"]) for each in feed.asked_for("sub")] == [["t", "u"]]


def test_frames_are_acknowledged_together(feed: Feed) -> None:
    assert feed.wait_for("ack")["n"] == 2


def test_the_third_open_frame_is_acknowledged_at_once(feed: Feed) -> None:
    feed.wait_for("ack")
    for seq in (1, 2, 3):
        feed.delta("t", [0, seq], SEQ + seq)
    assert feed.wait_for("ack", 2)["n"] == 5


def test_a_change_that_follows_is_shown(page: Page, feed: Feed) -> None:
    feed.delta("t", [1, 9], SEQ + 1)
    feed.settle()
    assert shown(page) == ["1", "9", "0"]


def test_a_change_older_than_what_is_shown_is_not(page: Page, feed: Feed) -> None:
    feed.delta("t", [0, 5], SEQ + 1)
    feed.delta("t", [0, 4], SEQ + 1)
    feed.delta("t", [0, 3], SEQ)
    feed.settle()
    assert shown(page)[0] == "5"


def test_a_gap_makes_the_page_ask_anew(page: Page, feed: Feed) -> None:
    feed.delta("t", [0, 5], SEQ + 2)
    asked = feed.wait_for("sub", 2)
    assert (asked["topics"], asked["since"]) == (["t"], {})
    assert shown(page)[0] == "1"


def test_a_change_that_covers_the_skipped_ones_is_no_gap(page: Page, feed: Feed) -> None:
    feed.delta("t", [0, 5], SEQ + 7, **{"from": SEQ + 1})
    feed.settle()
    assert shown(page)[0] == "5"
    assert len(feed.asked_for("sub")) == 1


def test_a_field_that_is_not_known_makes_the_page_ask_anew(feed: Feed) -> None:
    feed.delta("t", [7, 5], SEQ + 1)
    assert feed.wait_for("sub", 2)["since"] == {}


def test_a_new_schema_takes_the_place_of_the_old_one(page: Page, feed: Feed) -> None:
    feed.schema("t", "t/b", "t/c", mark="b")
    feed.snap("t", [8, 9], SEQ + 5)
    feed.settle()
    assert shown(page) == ["-", "8", "0"]


def test_an_error_leaves_the_socket_open(page: Page, feed: Feed) -> None:
    feed.send(op="error", code="unknown_topic", message="no such topic", topic="u")
    feed.delta("t", [0, 5], SEQ + 1)
    feed.settle()
    assert (shown(page)[0], feed.connections) == ("5", 1)


def test_an_event_is_an_event_of_the_page(page: Page, feed: Feed) -> None:
    page.evaluate(
        'document.body.addEventListener("scan.done", ({detail}) => { window.got = detail })'
    )
    feed.send(op="event", topic="t", name="scan.done", data={"added": 3})
    feed.settle()
    assert page.evaluate("got") == {"topic": "t", "added": 3}
