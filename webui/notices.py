"""The banners at the top of the page: what a clerk must know before trusting what is below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webui import words

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides which banners show. `machine` is `view.machine_json`'s answer.

    `alerts` are the newest open ones: the rule, the card, and why.
    """

    machine: Json
    feed_silent: bool
    ever_fed: bool
    driver: str = ""
    recognizer: str = ""
    restored: str = ""
    log_error: str = ""
    cloud: str = ""
    update: str = ""
    alerts: Sequence[tuple[str, str, str]] = ()
    open_alerts: int = 0


def notices_for(situation: Situation) -> list[Json]:
    """Return the banners, most pressing first: `{key, level, title, text}`."""
    notices: list[Json] = []

    def add(key: str, level: str, title: str, text: str) -> None:
        notices.append({"key": key, "level": level, "title": title, "text": text})

    machine = situation.machine
    if situation.log_error:
        add("log", "fault", "The log cannot be read", situation.log_error)
    elif situation.feed_silent:
        add(
            "silent",
            "fault",
            "The machine does not answer" if situation.ever_fed else "The machine is not on yet",
            "Nothing is being scanned. Start it with “counterscan feed”, or switch the scanner off "
            "and on. Every card logged so far is safe.",
        )
    if machine["fault"]:
        level = "fault" if machine["tone"] == "fault" else "warn"
        add(machine["fault"], level, machine["word"], machine["advice"])
    if situation.restored:
        add("restored", "warn", "The log was restored from a backup", situation.restored)
    if situation.cloud:
        add("cloud", "warn", "The cloud does not take the scans", situation.cloud)
    if situation.update:
        add("update", "warn", "An update was not taken", situation.update)
    if situation.alerts:
        rule, card, text = situation.alerts[0]
        more = f" {situation.open_alerts - 1} more." if situation.open_alerts > 1 else ""
        is_one = situation.open_alerts == 1
        title, it = ("An alert is open", "it") if is_one else ("Alerts are open", "them")
        add("alerts", "warn", title, f"{rule}: {card}. {text}{more} Acknowledge {it} under Alerts.")
    if words.is_fallback(situation.recognizer):
        add(
            "phash",
            "warn",
            "Emergency recognition in use",
            "No recognition model could be loaded, so cards are compared by perceptual hash. "
            "Check every card by eye, and run “counterscan doctor”.",
        )
    if "simulated" in situation.driver:
        add(
            "simulated",
            "demo",
            "Simulated machine",
            "These are demo cards. No real card is being scanned.",
        )
    return notices
