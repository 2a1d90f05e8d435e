"""Prices on their way in: which message is news, and in which order snapshot and delta count. Pure.

A delta says all that has changed since its snapshot, so that of each set the last snapshot and the
last delta are enough, in whatever order and however often they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.price_feed import PriceNews, PriceTold
from sync.protocol import PriceDelta, PriceSnapshot, part

_PREFIX = "prices"


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be taken into the log together with the cursors that it moves."""

    news: PriceNews
    cursors: Mapping[str, int]


class PriceInbox:
    """Remembers, for each set, up to which snapshot and delta the log has come."""

    def __init__(self, cursors: Mapping[str, int]) -> None:
        """Start where the log's cursors stand (`SyncStore.sync_cursors`)."""
        self._cursors = {
            name: position for name, position in cursors.items() if name.startswith(_PREFIX)
        }
        self._early: dict[str, PriceDelta] = {}

    def steps(self, message: PriceSnapshot) -> list[Step]:
        """What to do for a message, in order; nothing where the log has it already."""
        feed = f"{_PREFIX}/{part(message.game)}/{part(message.set)}"
        snapshot, delta = f"{feed}/snapshot", f"{feed}/delta"
        at = self._cursors.get(snapshot, 0)
        if isinstance(message, PriceDelta):
            if message.base > at:
                early = self._early.get(feed)  # its snapshot is on the way
                if early is None or (message.base, message.version) > (early.base, early.version):
                    self._early[feed] = message
                return []
            if message.base < at or message.version <= self._cursors.get(delta, 0):
                return []
            return [Step(_news(message), {delta: message.version})]
        if message.version <= at:
            return []
        steps = [Step(_news(message), {snapshot: message.version})]
        early = self._early.get(feed)
        if early is not None and early.base == message.version:
            steps.append(Step(_news(early), {delta: early.version}))
        return steps

    def done(self, step: Step) -> None:
        """A step is on disk."""
        self._cursors.update(step.cursors)
        for name in step.cursors:
            feed, _, what = name.rpartition("/")
            early = self._early.get(feed)
            if what == "delta" and early is not None and early.version <= step.cursors[name]:
                del self._early[feed]


def _news(message: PriceSnapshot) -> PriceNews:
    return PriceNews(
        message.game,
        [
            PriceTold(
                card, group.finish, group.condition, group.currency, amount, group.source,
                group.as_of,
            )
            for group in message.groups
            for card, amount in zip(group.cards, group.amounts, strict=True)
        ],
    )  # fmt: skip
