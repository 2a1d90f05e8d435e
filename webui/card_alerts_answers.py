"""What the Alerts page's JSON takes and answers, for its description."""

from __future__ import annotations

from typing import Any, NotRequired

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from scanner.alerts import AlertRule
from scanner.store_alerts import MOST_CLOSED_AT_ONCE


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlaceShown(TypedDict):
    """Where a copy of the card lies: in words, and of this device's own scans the number.

    `device` is another device of the shop, "" for this one.
    """

    where: str
    device: str
    scan: int


class AlertShown(TypedDict):
    """Open alerts of one rule about one printing in one finish, told together.

    `keys` close them; `text` is the newest one's reason, of a price that a source said last at
    `price_as_of`, which is `price_age` ago; both are empty where no price was asked.
    """

    keys: list[str]
    rule: str
    cause: str
    game: str
    card_id: str
    title: str
    set: str
    number: str
    variant: str
    finish: str
    text: str
    raised_at: str
    price_as_of: str
    price_age: str
    noticed_by: str
    picture: str
    places: list[PlaceShown]
    places_more: int


class PastShown(TypedDict):
    """An alert that somebody acknowledged, and where: "" on this device."""

    rule: str
    title: str
    text: str
    raised_at: str
    price_as_of: str
    closed_at: str
    closed_by: str
    closed_on: str


class AlertRuleShown(TypedDict):
    """A rule in words and as it is kept; `problem` says why it can't be read.

    One that holds for all scanners of the shop has a `key`. `changed_by` changed it last, at
    `changed_on` ("" for this scanner or the cloud); `waits` until the cloud knows what was changed
    here. `version` is another with every change: send it back as `based_on`.
    """

    name: str
    key: str
    version: str
    changed_by: str
    changed_on: str
    waits: bool
    words: str
    on: bool
    problem: str
    rule: dict[str, Any] | None


class AlertsTwin(TypedDict):
    """The shop's alerts: open ones, newest first; those acknowledged last; the rules.

    `rules_problem` says why rules do not get to the cloud although there is a connection, "" where
    they do.
    """

    count: int
    open: list[AlertShown]
    past: list[PastShown]
    rules: list[AlertRuleShown]
    rules_problem: str
    html: NotRequired[str]


class AlertsAsked(BaseModel):
    """Whether the open alerts are wanted as HTML too."""

    html: bool = Field(False, description="With the open alerts as the page shows them.")


class CloseSent(_Asked):
    """Which alerts are acknowledged."""

    keys: list[str] = Field(min_length=1, max_length=MOST_CLOSED_AT_ONCE)


class ClosedTold(TypedDict):
    """How many were open until now."""

    closed: int


class AlertRuleSent(_Asked):
    """A rule to keep; `was_called` is its name so far, empty for a new one.

    `for_all` keeps it for all scanners of the shop; `key` is the one so far of a rule that is.
    `based_on` is the version that was changed; empty: whichever there is.
    """

    rule: dict[str, Any]
    was_called: str = Field("", max_length=60)
    key: str = Field("", pattern="^([0-9a-f]{32})?$")
    for_all: bool = False
    based_on: str = Field("", max_length=40)


class AlertRuleDescribed(AlertRuleSent):
    """A rule to keep, in full; `was_called` is its name so far, empty for a new one.

    `for_all` keeps it for all scanners of the shop; `key` is the one so far of a rule that is.
    `based_on` is the version that was changed; a rule that is another by now is refused with 409.
    """

    rule: AlertRule  # type: ignore[assignment]


class RuleToRemove(_Asked):
    """A rule by its name; or, of those for all scanners, by its key.

    `based_on` is the version that was looked at; a rule that is another by now is refused with 409.
    """

    name: str = Field("", max_length=60)
    key: str = Field("", pattern="^([0-9a-f]{32})?$")
    based_on: str = Field("", max_length=40)


class RuleDifference(TypedDict):
    """What of a rule is `there` now, and how it is in the one that was sent."""

    what: str
    there: str
    yours: str


class ChangedMeanwhile(TypedDict):
    """Somebody has changed the rule since the version sent; without a `version` it is gone."""

    said: str
    changed_at: str
    version: str
    differences: list[RuleDifference]


class AlertInWords(TypedDict):
    """A rule in plain English; `changed` where it is no longer of the version sent."""

    name: str
    words: str
    changed: ChangedMeanwhile | None
