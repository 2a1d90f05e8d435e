"""The golden deck: what known cards looked like on a good day, and how far today is from it. Pure.

A golden record holds one measure for each card. The same cards are run again, in any order, and
each is compared with its own measure; medians over the cards are what counts, so that one dusty
sleeve says nothing about the lens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import cv2
import numpy as np

from scanner.records import Decision, Identification, Picture

_GAMMA = 2.2


@dataclass(frozen=True, slots=True)
class CardMeasure:
    """One card as the camera saw it.

    `card_id` is empty for a card that was not accepted. `sharpness` is the mean squared Laplacian
    of the crop over its variance, `light` the mean in linear light (0…1), `red` and `blue` the same
    channels over green. `center_x`, `center_y` and `width` are in widths of the frame, `total_ms`
    is the time from frame to answer.
    """

    card_id: str
    name: str
    score: float
    sharpness: float
    light: float
    red: float
    blue: float
    center_x: float
    center_y: float
    width: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class Limits:
    """How far today may be from the golden record.

    `sharpness`: two cards of one deck differ by a tenth when laid twice; a lens a quarter turn out
    of focus loses half. `stops`: recognition bears about one stop either way, so that a warning at
    0.4 comes in time. `cast`: a tenth is where a white border begins to look tinted. `shift` and
    `scale`: in widths of the frame, and as a share: more than a camera moves by itself. `slower`:
    a Pi that is hot runs at three fifths of its speed. `named`: of ten cards one may be unlucky.
    """

    sharpness: float = 0.75
    stops: float = 0.4
    cast: float = 0.1
    shift: float = 0.05
    scale: float = 0.04
    slower: float = 1.6
    named: float = 0.9


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing compared: `value` beside its `limit`, and what a clerk should know or do."""

    name: str
    value: float
    limit: float
    good: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything compared; `good` when nothing is beyond its limit."""

    cards: int
    findings: tuple[Finding, ...]
    missing: tuple[str, ...] = field(default=())
    wrong: tuple[str, ...] = field(default=())

    @property
    def good(self) -> bool:
        """Whether the machine is as it was."""
        return all(finding.good for finding in self.findings)


def measure(frame: Picture, answer: Identification, total_ms: float) -> CardMeasure | None:
    """Measure a card in its frame; None where no card was found."""
    if answer.crop is None or answer.corners_px is None:
        return None
    grey = cv2.cvtColor(answer.crop, cv2.COLOR_BGR2GRAY)
    edges = cv2.Laplacian(grey, cv2.CV_16S).astype(np.float32)
    linear = (answer.crop.astype(np.float32) / 255) ** _GAMMA
    blue, green, red = (float(value) for value in linear.reshape(-1, 3).mean(axis=0))
    corners = answer.corners_px
    wide = (np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3])) / 2
    center = corners.mean(axis=0) / frame.shape[1]
    accepted = answer.decision is Decision.ACCEPTED and answer.printing is not None
    return CardMeasure(
        card_id=answer.printing.card_id if accepted and answer.printing else "",
        name=answer.printing.name if accepted and answer.printing else "",
        score=round(float(answer.candidates[0].score), 4) if answer.candidates else 0.0,
        sharpness=float((edges**2).mean()) / max(float(grey.var()), 1.0),
        light=float(linear.mean()),
        red=red / max(green, 1e-4),
        blue=blue / max(green, 1e-4),
        center_x=float(center[0]),
        center_y=float(center[1]),
        width=float(wide) / frame.shape[1],
        total_ms=round(total_ms, 2),
    )


def compare(
    golden: Sequence[CardMeasure], today: Sequence[CardMeasure], limits: Limits | None = None
) -> Verdict:
    """Compare a run with the golden record, card by card, whatever their order."""
    limits = limits or Limits()
    before = {card.card_id: card for card in golden}
    now = {card.card_id: card for card in today if card.card_id}
    pairs = [(before[card_id], now[card_id]) for card_id in before if card_id in now]
    missing = tuple(before[card_id].name for card_id in before if card_id not in now)
    wrong = tuple(card.name for card_id, card in now.items() if card_id not in before)
    findings = [_accuracy(len(pairs), len(before), wrong, limits)]
    if pairs:
        findings += _drift(pairs, limits)
    return Verdict(len(pairs), tuple(findings), missing, wrong)


def _accuracy(named: int, known: int, wrong: Sequence[str], limits: Limits) -> Finding:
    share = named / known if known else 0.0
    if wrong:
        text = (
            f"{len(wrong)} cards were accepted that are not of this deck ({', '.join(wrong)}): "
            "check that it is the same deck; if it is, stop and look at the packs in use"
        )
    elif share < limits.named:
        text = (
            f"only {named} of {known} cards were recognised: were all of them laid down? "
            "Mend what else is said here, then run it again"
        )
    else:
        text = f"{named} of {known} cards were recognised as the same printings"
    return Finding("accuracy", share, limits.named, not wrong and share >= limits.named, text)


def _drift(pairs: Sequence[tuple[CardMeasure, CardMeasure]], limits: Limits) -> list[Finding]:
    sharp = median(now.sharpness / max(was.sharpness, 1e-6) for was, now in pairs)
    stops = median(math.log2(max(now.light, 1e-5) / max(was.light, 1e-5)) for was, now in pairs)
    red = median(now.red / max(was.red, 1e-4) - 1 for was, now in pairs)
    blue = median(now.blue / max(was.blue, 1e-4) - 1 for was, now in pairs)
    shift = math.hypot(
        median(now.center_x - was.center_x for was, now in pairs),
        median(now.center_y - was.center_y for was, now in pairs),
    )
    scale = median(now.width / max(was.width, 1e-4) - 1 for was, now in pairs)
    slower = median(now.total_ms / max(was.total_ms, 1e-3) for was, now in pairs)
    return [
        _focus(sharp, limits),
        _light(stops, limits),
        _cast(red, blue, limits),
        _place(shift, scale, limits),
        _time(slower, limits),
    ]


def _focus(ratio: float, limits: Limits) -> Finding:
    good = ratio >= limits.sharpness
    text = f"sharpness is {ratio:.0%} of what it was"
    if not good:
        text = (
            f"the picture is out of focus: {text}. Clean the lens and the glass first; then turn "
            "the focus ring until the picture on the page is sharp, and run this again"
        )
    return Finding("focus", ratio, limits.sharpness, good, text)


def _light(stops: float, limits: Limits) -> Finding:
    good = abs(stops) <= limits.stops
    text = f"the light differs by {stops:+.1f} stops"
    if not good and stops < 0:
        text = (
            f"the light is {-stops:.1f} stops darker: check the lamps and their supply, and that "
            "nothing stands in their light"
        )
    elif not good:
        text = f"the light is {stops:.1f} stops brighter: keep the sun and other lamps off the tray"
    return Finding("light", stops, limits.stops, good, text)


def _cast(red: float, blue: float, limits: Limits) -> Finding:
    worst = red if abs(red) >= abs(blue) else blue
    good = abs(worst) <= limits.cast
    text = f"colours differ by {red:+.0%} in red and {blue:+.0%} in blue"
    if not good:
        text += ": another lamp shines on the tray, or the camera's white balance is not fixed"
    return Finding("colour", worst, limits.cast, good, text)


def _place(shift: float, scale: float, limits: Limits) -> Finding:
    good = shift <= limits.shift and abs(scale) <= limits.scale
    text = f"cards lie {shift:.1%} of the picture's width from where they lay, {scale:+.1%} in size"
    if not good:
        text += ": the camera or the tray has moved. Fasten it, then record the golden deck anew"
    return Finding("place", shift, limits.shift, good, text)


def _time(slower: float, limits: Limits) -> Finding:
    good = slower <= limits.slower
    text = f"a card takes {slower:.0%} of the time that it took"
    if not good:
        text += ": see whether the processor is hot (a fan, more air) or other programs are at work"
    return Finding("time", slower, limits.slower, good, text)
