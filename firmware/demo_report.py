"""Compares the demo's log with the truth about the pile, and says it to a clerk or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scanner.tables import Scan

WORDS = {"accepted": "accepted", "review": "REVIEW", "unknown": "UNKNOWN"}


@dataclass(slots=True)
class Report:
    """Collects one batch. A card's number is its place in the machine's pile."""

    recognizer: str
    seed: int
    _number_of_key: dict[str, int | None] = field(default_factory=dict)
    _ms: list[float] = field(default_factory=list)

    def add(self, scan: Scan, number: int | None, ms: float) -> None:
        """Note which card really lay under the camera when this scan was made."""
        self._number_of_key[scan.feed_key or ""] = number
        self._ms.append(ms)

    def summary(
        self,
        log: Sequence[Scan],
        left: Sequence[int],
        truth: Sequence[str],
        cards_per_hour: float,
    ) -> dict[str, Any]:
        """The figures of the batch.

        `log` holds its rows, `left` the cards that left the camera in their order, `truth` the
        card_id of every card of the pile. `ms_per_card` is the product's own work: recognising a
        card's frames and putting its scan on disk, without rendering and without the rollers.
        """
        seen = Counter(self._number_of_key.get(scan.feed_key or "") for scan in log)
        decisions = Counter(scan.decision for scan in log)
        wrong = 0
        for scan in log:
            number = self._number_of_key.get(scan.feed_key or "")
            right = number is not None and truth[number] == scan.card_id
            wrong += scan.decision == "accepted" and not right
        p50, p95 = np.percentile(self._ms, [50, 95]) if self._ms else (0.0, 0.0)
        return {
            "cards": len(left),
            "scans": len(log),
            "accepted": decisions["accepted"],
            "review": decisions["review"],
            "unknown": decisions["unknown"],
            "wrong_accepted": wrong,
            "lost": sum(not seen[number] for number in left),
            "doubled": sum(count - 1 for count in seen.values()),
            "cards_per_hour": round(cards_per_hour, 1),
            "ms_per_card_p50": round(float(p50), 2),
            "ms_per_card_p95": round(float(p95), 2),
            "recognizer": self.recognizer,
            "seed": self.seed,
        }


def line(scan: Scan) -> str:
    """One card as a clerk reads it: name, set, number, variant, decision and why."""
    name = scan.name or "not known"
    variant = f" ({scan.variant})" if scan.variant else ""
    decision = WORDS.get(scan.decision, scan.decision)
    why = "" if scan.decision == "accepted" or not scan.reasons else f": {scan.reasons[0]}"
    # Many games print the set's code as part of the number: say it once.
    said = scan.number.startswith(scan.set_name)
    place = f"{scan.number if said else f'{scan.set_name} {scan.number}'}{variant}"
    finish = "" if scan.finish == "unknown" else f", {scan.finish}"
    return f"{scan.sequence:>5}  {name:<30.30}  {place:<24.24}  {decision}{finish}{why}"


def sentences(summary: dict[str, Any]) -> str:
    """The summary for a person."""
    cards = summary["cards"]
    share = f"{summary['accepted'] / cards:.0%}" if cards else "none"
    return (
        f"\n{cards} cards, {summary['scans']} scans: {summary['accepted']} accepted ({share}), "
        f"{summary['review']} for review, {summary['unknown']} unknown.\n"
        f"Wrong among the accepted: {summary['wrong_accepted']}. Lost: {summary['lost']}. "
        f"Counted twice: {summary['doubled']}.\n"
        f"{summary['cards_per_hour']:,.0f} cards an hour on the simulated machine; "
        f"{summary['ms_per_card_p50']:.1f} ms of work per card (95%: within "
        f"{summary['ms_per_card_p95']:.1f} ms), by {summary['recognizer']}."
    )
