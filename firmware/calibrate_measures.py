"""What a calibration makes of its pictures and times: figures, and what to do about them. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from scanner.quality import measure_quality
from scanner.records import Corners, Picture
from scanner.rectify import rectify

HEIGHT_FROM, HEIGHT_TO = 0.45, 0.9
OFF_CENTER = 0.12
TILT = 0.06
TURN_DEG = 8.0
STILL_LEVELS = 2.0
LEAST_JAM_S = 1.0


@dataclass(frozen=True, slots=True)
class Placement:
    """How a card lies in the picture.

    `height_share` is the card's length over the frame's shorter side, `off_x` and `off_y` how far
    its middle is from the frame's, as shares of the frame; `tilt` how much longer one of two
    opposite edges looks, as a share; `turn_deg` how far it is turned from upright or from lying.
    """

    height_share: float
    off_x: float
    off_y: float
    tilt: float
    turn_deg: float
    complaints: tuple[str, ...] = ()


def measure_placement(frame: Picture, corners_px: Corners) -> Placement:
    """Measure where a card lies whose corners are known, and how clear its picture is."""
    height_px, width_px = frame.shape[:2]
    sides_px = [float(np.linalg.norm(corners_px[i] - corners_px[(i + 1) % 4])) for i in range(4)]
    middle = corners_px.mean(axis=0)
    edge = corners_px[1] - corners_px[0]
    turned_deg = math.degrees(math.atan2(float(edge[1]), float(edge[0])))
    pairs = ((sides_px[0], sides_px[2]), (sides_px[1], sides_px[3]))
    return Placement(
        height_share=max(sides_px) / min(height_px, width_px),
        off_x=float(middle[0]) / width_px - 0.5,
        off_y=float(middle[1]) / height_px - 0.5,
        tilt=max(max(pair) / max(1.0, min(pair)) - 1 for pair in pairs),
        turn_deg=(turned_deg + 45) % 90 - 45,
        complaints=measure_quality(rectify(frame, corners_px)).complaints,
    )


def advice(placed: Placement) -> list[str]:
    """What to change so that cards are seen well; empty when nothing is."""
    to_mend = []
    if placed.height_share < HEIGHT_FROM:
        to_mend.append(
            f"The card fills {placed.height_share:.0%} of the picture's height: bring the camera "
            f"nearer, until it fills {HEIGHT_FROM:.0%} to {HEIGHT_TO:.0%}."
        )
    if placed.height_share > HEIGHT_TO:
        to_mend.append(
            f"The card fills {placed.height_share:.0%} of the picture's height: take the camera "
            f"further away, until it fills {HEIGHT_FROM:.0%} to {HEIGHT_TO:.0%}."
        )
    if max(abs(placed.off_x), abs(placed.off_y)) > OFF_CENTER:
        where = _directions(placed)
        to_mend.append(f"The card lies too far {where}: move the camera {where}.")
    if placed.tilt > TILT:
        to_mend.append(
            f"One edge looks {placed.tilt:.0%} longer than its opposite: hold the camera level, "
            "looking straight down."
        )
    if abs(placed.turn_deg) > TURN_DEG:
        to_mend.append(
            f"The card is turned by {placed.turn_deg:.0f}°: turn the camera or the tray."
        )
    to_mend += [f"{complaint[:1].upper()}{complaint[1:]}." for complaint in placed.complaints]
    return to_mend


def settle_s(frames: Sequence[tuple[float, Picture]]) -> float:
    """Seconds from the first frame until nothing changes any more, by frames and their times.

    That of the last frame when the picture never rests.
    """
    small = [
        (at_s, cv2.resize(picture, (160, 90), interpolation=cv2.INTER_AREA).astype(np.float32))
        for at_s, picture in frames
    ]
    began_s = small[0][0]
    rests_from_s = began_s
    for (_, before), (at_s, after) in pairwise(small):
        if float(np.abs(after - before).mean()) > STILL_LEVELS:
            rests_from_s = at_s
    return rests_from_s - began_s


def jam_timeout_s(travels_s: Sequence[float]) -> float:
    """After how long a card counts as jammed: four times the slowest way measured."""
    return round(max(LEAST_JAM_S, 4 * max(travels_s)), 1)


def _directions(placed: Placement) -> str:
    words = []
    if abs(placed.off_y) > OFF_CENTER:
        words.append("down" if placed.off_y > 0 else "up")
    if abs(placed.off_x) > OFF_CENTER:
        words.append("right" if placed.off_x > 0 else "left")
    return " and ".join(words)
