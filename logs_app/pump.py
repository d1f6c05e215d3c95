"""Reads the logs of all sources; agent_app runs it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Final

from django.db import DatabaseError

from logs_app import folders, options, quota
from logs_app.feed import Feed, Publish, Watched
from logs_app.kept_lines import KeptLines
from logs_app.quota import Quota
from logs_app.source_log import Children, SourceLog

logger = logging.getLogger(__name__)
LOOK_SECONDS: Final = 1.0  # for new sources, and at those where nothing has come for long
QUOTA_SECONDS: Final = 60.0


def no_children(source: str) -> Mapping[int, str]:
    return {}


class Pump:
    """Guarantees: no child ever waits for us; what is not kept is counted and said.

    Called by one thread. Sources are found by their folders, so none has to be announced, and those
    of engines that outlived an earlier process are read on.
    """

    def __init__(
        self,
        kept: KeptLines,
        publish: Publish,
        watched: Watched,
        children: Children = no_children,
    ) -> None:
        self._kept = kept
        self._feed = Feed(publish, watched)
        self._children = children
        self._sources: dict[str, SourceLog] = {}
        self._looked_at = float("-inf")
        self._kept_quota_at = float("-inf")
        self._quota = default_quota()

    def step(self) -> bool:
        """Whether anything came."""
        now = time.monotonic()
        looks = now - self._looked_at >= LOOK_SECONDS
        if looks:
            self._look(now)
        due = [each for each in self._sources.values() if (looks or not each.is_idle)]
        due = [each for each in due if each.is_due()]
        for each in due:
            self._step(each)
        self._feed.flush(time.time())
        return bool(due)

    @property
    def is_behind(self) -> bool:
        return any(each.is_behind for each in self._sources.values())

    def _step(self, source: SourceLog) -> None:
        """A source that cannot be read, whose folder is gone perhaps, does not stop the others."""
        try:
            source.step(self._quota)
        except OSError as error:
            logger.error("the log of %s cannot be read: %s", source.source, error)
            self._sources.pop(source.source).close()

    def _look(self, now: float) -> None:
        self._looked_at = now
        there = folders.sources()
        for name in self._sources.keys() - set(there):  # forgotten meanwhile
            self._sources.pop(name).close()
        for name in there:
            if name not in self._sources:
                takes = (self._feed.add, self._kept.add)
                self._sources[name] = SourceLog(name, takes, self._children)
        for each in self._sources.values():
            if each.is_idle:
                each.rest()
        if now - self._kept_quota_at >= QUOTA_SECONDS:
            self._kept_quota_at = now
            self._keep_quota()

    def _keep_quota(self) -> None:
        try:
            self._quota = current_quota()
        except DatabaseError as error:
            logger.debug("the quota of logs was not read: %s", error)
        for name in self._sources:
            quota.keep(name, self._quota)
        quota.keep_total(self._quota)

    def close(self) -> None:
        for each in self._sources.values():
            each.close()


def current_quota() -> Quota:
    source, total, days = (option.get() for option in _QUOTA)
    return Quota(source << 20, total << 20, days)


def default_quota() -> Quota:
    source, total, days = (option.default for option in _QUOTA)
    return Quota(source << 20, total << 20, days)


_QUOTA: Final = (options.SOURCE_MEBIBYTES, options.TOTAL_MEBIBYTES, options.DAYS)
