"""What a person is told who edits an alert rule that somebody else has changed meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.alerts import AlertRule
from scanner.shop_alerts import KeptRule
from webui.card_alerts_answers import ChangedMeanwhile, RuleDifference

BEEPS = ("stays silent", "beeps once", "beeps twice", *(f"beeps {n} times" for n in range(3, 6)))
"""What the buzzer does, by the number of beeps."""


def changed_since(
    kept: KeptRule, mine: AlertRule, for_all: bool, version: str
) -> ChangedMeanwhile | None:
    """What has become of the rule since `version`; None where it is as it was."""
    if kept.version == version:
        return None
    there = [] if kept.rule is None else list(_in_words(kept.rule, bool(kept.key)))
    return {
        "said": kept.said,
        "changed_at": kept.changed_at.isoformat(timespec="seconds") if kept.changed_at else "",
        "version": kept.version,
        "differences": [
            RuleDifference(what=what, there=now, yours=yours)
            for (what, now), (_, yours) in zip(there, _in_words(mine, for_all), strict=False)
            if now != yours
        ],
    }


def _in_words(rule: AlertRule, for_all: bool) -> Iterator[tuple[str, str]]:
    yield "Name", rule.name
    yield "When", rule.words
    yield "Which cards", "those that a scanner has seen" if rule.only_scanned else "all"
    yield "Where it holds", "all scanners of the shop" if for_all else "this scanner"
    yield "The lamp flashes", rule.colour
    yield "The buzzer", BEEPS[rule.beeps]
    yield "The alert is", "on" if rule.on else "off"
