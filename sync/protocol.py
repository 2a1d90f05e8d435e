"""Everything that passes between a device and the cloud: topics and messages, with their version.

`docs/asyncapi.json` is made from this file (`python -m sync.asyncapi`), docs/SYNC.md explains it.
Keys that this version does not know are passed over, so that a newer end may say more; what an
older end could misread gets a new `VERSION`, which is part of every topic.
"""

from __future__ import annotations

from typing import Any, Literal, Self
from urllib.parse import quote, unquote

from pydantic import Field, model_validator

from scanner.shared_rules import LAST_VERSION
from sync.protocol_rows import AlertCard
from sync.protocol_words import (
    AlertKey,
    Amount,
    ConditionWord,
    Currency,
    FinishWord,
    LogName,
    Message,
    Name,
    Position,
    Text,
    UtcTime,
)

VERSION = 1
ROOT = f"counterscan/{VERSION}"
MOST_ALERT_RULES = 100
MOST_OPEN_ALERTS = 500
MOST_CLOSED_ALERTS = 1000
MOST_PLACES = 20
MOST_SHARED_TOLD = 1000
MOST_SOURCES = 100


class AlertRules(Message):
    """All alert rules of a device (`scanner.alerts.AlertRule`), the lists that they ask about, and
    its order of price sources (None: one that tells none, so the usual order).

    Retained. Of one log the highest `version` counts, however late a lower one comes; of two that
    differ in `sources` alone, the one that comes last.
    """

    log: LogName | Literal[""]
    version: Position
    rules: list[dict[str, Any]] = Field(max_length=MOST_ALERT_RULES)
    lists: dict[str, list[str]] = Field(default={})
    sources: list[Text] | None = Field(None, max_length=MOST_SOURCES)


class SharedRuleSaid(Message):
    """One version of an alert rule that holds for all scanners (`scanner.shared_rules`).

    Of two with one key one wins whole: a removed one, else the higher version, else the later
    change. `device` is where somebody changed it, "" in the cloud.
    """

    key: AlertKey
    version: int = Field(ge=1, le=LAST_VERSION)
    changed_at: UtcTime
    rule: dict[str, Any] | None = Field(description="None: it was removed, for good.")
    by: Text = ""
    device: Text = ""


class RuleChanges(Message):
    """What a device knows of rules for all scanners and the cloud does not. Retained."""

    rules: list[SharedRuleSaid] = Field(max_length=MOST_SHARED_TOLD)


class ShopRules(Message):
    """The rules for all scanners, with those removed last, and the lists that they ask about.

    A list holds what any scanner has on its list of that name. Retained.
    """

    rules: list[SharedRuleSaid] = Field(max_length=MOST_SHARED_TOLD)
    lists: dict[str, list[str]] = Field(default={})


class Counters(Message):
    """The device's scans so far, by what was decided of them when they were made."""

    log: LogName | Literal[""]
    at: UtcTime
    up_to_scan: Position
    accepted: Position
    review: Position
    unknown: Position
    waiting: Position = Field(description="Rows that the broker has not acknowledged yet.")


class DeviceState(Message):
    """Whether the device is there. Retained; the broker says `online: false` when it vanishes."""

    online: bool
    at: UtcTime | None = None
    release: Text = ""
    log: LogName | Literal[""] = ""


# Down: to one device.


class Received(Message):
    """What the cloud has on disk of one log: of each stream, everything up to an id. Retained."""

    log: LogName
    up_to: dict[str, Position]


class AlertPlace(Message):
    """Where a copy of an alert's card lay: whose, in which batch, at which place, in which bin."""

    device: Text
    batch: Text = ""
    sequence: Position = 0
    bin: Position = 0


class OpenAlert(AlertCard):
    """An alert that nobody has acknowledged. `device` scanned the card, "" where a price moved."""

    device: Text = ""
    raised_at: UtcTime
    places: list[AlertPlace] = Field(default=[], max_length=MOST_PLACES)


class ClosedAlert(Message):
    """An alert that somebody acknowledged: on the page of `device`, or in the cloud."""

    key: AlertKey
    by: Text = ""
    device: Text = ""
    closed_at: UtcTime


class Alerts(Message):
    """The shop's alerts as they stand: the newest open ones, and those closed last. Retained.

    An alert once closed stays closed, so that copies of this message may come in any order.
    """

    open: list[OpenAlert] = Field(default=[], max_length=MOST_OPEN_ALERTS)
    closed: list[ClosedAlert] = Field(default=[], max_length=MOST_CLOSED_ALERTS)


# Down: prices, to all devices.


class PriceGroup(Message):
    """Prices that have all but the card and the amount in common.

    `as_of` is the source's own time; `amounts` are in hundredths of the currency, or in its units
    where it has no hundredths; `condition` is empty where the source does not say.
    """

    source: Name
    currency: Currency
    finish: FinishWord
    condition: ConditionWord = ""
    as_of: UtcTime
    cards: list[Name]
    amounts: list[Amount]

    @model_validator(mode="after")
    def _one_amount_each(self) -> Self:
        if len(self.cards) != len(self.amounts):
            raise ValueError("there must be one amount for each card")
        return self


class PriceSnapshot(Message):
    """Every price of one set. Retained and compressed."""

    game: Name
    set: Text
    version: Position
    groups: list[PriceGroup]


class PriceDelta(PriceSnapshot):
    """What has changed since the snapshot of version `base`. Retained and compressed.

    It says all that has changed since then: a device needs the snapshot and the last delta only.
    """

    base: Position


# Topics. A part that comes from outside is quoted, so that it can't hold a level or a wildcard.


def part(text: str) -> str:
    """A name as one level of a topic; a level can't be empty."""
    return quote(text, safe="") or "%"


def unpart(level: str) -> str:
    """The name that `part` made a level of."""
    return "" if level == "%" else unquote(level)


def device_topic(device: str, *levels: str) -> str:
    """A topic below one device: `state`, `up/scan`, `down/received`; `+` stands for any device."""
    return "/".join((ROOT, "device", device if device == "+" else part(device), *levels))


SHOP_RULES = f"{ROOT}/rules"
"""Where the rules for all scanners are, for every device."""


def price_topic(game: str, set_name: str, what: Literal["snapshot", "delta"]) -> str:
    """The topic of one set's prices."""
    return f"{ROOT}/prices/{part(game)}/{part(set_name)}/{what}"


def prices_filter(game: str | None = None) -> str:
    """What a device subscribes to for the prices of one game, or of all."""
    return f"{ROOT}/prices/{'+' if game is None else part(game)}/+/+"
