"""A rendered table with a hand, as the frames of a film: what the hands-free trigger would see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from firmware.simulated.scene import draw
from firmware.simulated.scene_hand import Hand
from firmware.simulated.scene_plan import ScenePlan, pick_plan
from scanner.records import Corners, Picture

SIZE = (384, 216)
FRAMES_PER_S = 15


class Table:
    """Draws frame after frame; each act yields `(picture, corners of the card or None)`."""

    def __init__(self, seed: int, surface: str = "tray"):
        self.rng = np.random.default_rng(seed)
        self.plan: ScenePlan = pick_plan(
            self.rng, "easy", surface, finish="normal", sleeve=False, hand=0.0
        )
        self.card: Picture | None = None
        self.number = 0
        self.light = self.plan.light
        self.frames = 0

    def face(self, number: int) -> Picture:
        """A made-up card: a frame, a picture of blobs and lines of text."""
        self.number = number
        rng = np.random.default_rng(number)
        face = np.full((320, 224, 3), rng.integers(60, 230, 3), np.uint8)
        small = rng.integers(0, 255, (9, 9, 3)).astype(np.uint8)
        face[40:170, 16:208] = cv2.resize(small, (192, 130), interpolation=cv2.INTER_CUBIC)
        for row in range(190, 300, 12):
            end = int(rng.integers(60, 205))
            cv2.line(face, (20, row), (end, row), (20, 20, 20), 4)
        cv2.rectangle(face, (0, 0), (223, 319), (15, 15, 20), 8)
        return face

    def frame(self, cover: float = 0.0, from_deg: float = 90.0) -> tuple[Picture, Corners | None]:
        """The table at this moment."""
        self.frames += 1
        hand = Hand(cover, from_deg)
        plan = replace(self.plan, hand=hand, light=self.light)
        scene = draw(self.card, plan, size=SIZE, noise_seed=self.frames)
        # Under most of a hand no locator finds a card.
        return scene.picture, scene.corners_px if cover < 0.45 else None

    def pose(self, dx: float = 0.0, dy: float = 0.0, turn_deg: float = 0.0) -> None:
        """Shift the card by shares of the frame, turn it by degrees."""
        at = self.plan.pose
        self.plan = replace(
            self.plan,
            pose=replace(
                at,
                center_x=at.center_x + dx,
                center_y=at.center_y + dy,
                rotation_deg=at.rotation_deg + turn_deg,
            ),
        )

    def rest(self, seconds: float = 0.7) -> Iterator[tuple[Picture, Corners | None]]:
        for _ in range(round(seconds * FRAMES_PER_S)):
            yield self.frame()

    def hand_comes(self, cover: float = 1.0, seconds: float = 0.35, from_deg: float = 90.0):
        for share in np.linspace(0.1, 1.0, max(2, round(seconds * FRAMES_PER_S))):
            yield self.frame(float(share) * cover, from_deg)

    def hand_goes(self, cover: float = 1.0, seconds: float = 0.35, from_deg: float = 90.0):
        for share in np.linspace(1.0, 0.1, max(2, round(seconds * FRAMES_PER_S))):
            yield self.frame(float(share) * cover, from_deg)

    def lay(self, number: int, cover: float = 1.0):
        """A hand brings a card, lying a little differently each time, and leaves."""
        yield from self.hand_comes(cover)
        self.card = self.face(number)
        self._lie_anew()
        yield from self.hand_goes(cover)

    def take(self, cover: float = 1.0):
        yield from self.hand_comes(cover)
        self.card = None
        yield from self.hand_goes(cover)

    def swap(self, number: int):
        """One hand takes the card away under its palm and leaves another."""
        yield from self.lay(number)

    def drag(self, dx: float, dy: float, turn_deg: float, cover: float = 0.3, seconds: float = 0.6):
        """A finger pushes the card along."""
        steps = round(seconds * FRAMES_PER_S)
        yield from self.hand_comes(cover)
        for _ in range(steps):
            self.pose(dx / steps, dy / steps, turn_deg / steps)
            yield self.frame(cover)
        yield from self.hand_goes(cover)

    def pass_over(self, cover: float = 1.0):
        yield from self.hand_comes(cover)
        yield from self.hand_goes(cover)

    def switch_light(self, gain: float):
        self.light = replace(self.light, exposure=self.light.exposure * gain)
        yield self.frame()

    def _lie_anew(self) -> None:
        pose = self.plan.pose
        self.plan = replace(
            self.plan,
            pose=replace(
                pose,
                center_x=0.5 + float(self.rng.normal(0, 0.02)),
                center_y=0.5 + float(self.rng.normal(0, 0.015)),
                rotation_deg=float(self.rng.normal(0, 3)),
            ),
        )
