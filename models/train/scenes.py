"""Training scenes for the locator, rendered straight at the net's input size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from models.train import scenes_camera as camera
from models.train.scenes_back import make_ornate_backs
from models.train.scenes_card import Rim, make_backs, make_faces, make_sheet, pick_rim
from models.train.scenes_clutter import (
    drop_shadow,
    lay_palm,
    lay_shape,
    lay_thing,
    print_zones,
    stick_on,
    tray_walls,
)
from models.train.scenes_place import (
    cut_quad,
    laid_askew,
    lying_quad,
    stray_quad,
    uncovered_share,
    visible_share,
)
from models.train.scenes_surface import Rng, cut_surface, make_surfaces
from scanner.locate_net import INPUT_HEIGHT_PX, INPUT_WIDTH_PX, MARGIN_PX, PADDING
from scanner.records import Picture

NOTHING, CARD, SEVERAL, BACK = range(4)
_RATIOS = ((16 / 9, 0.5), (4 / 3, 0.2), (1.4, 0.12), (1.5, 0.06), (1.0, 0.08), (2.0, 0.04))


@dataclass(slots=True)
class SceneCard:
    """One card to be drawn: its face, its corners in the frame, and whether it shows its back."""

    face: Picture
    quad: np.ndarray
    aspect: float
    back: bool = False
    counted: bool = True
    rim: Rim | None = None


@dataclass(slots=True)
class TrainingScene:
    """`frame` `(160, 288, 3) uint8`, `view` 0…3, `quads` of the whole cards in the frame's
    pixels (clockwise, a short edge first), some of whose corners may lie beyond the frame;
    `content` is where the frame lies in the net's input: left, top, right, bottom."""

    frame: Picture
    view: int
    quads: list[np.ndarray] = field(default_factory=list)
    content: tuple[int, int, int, int] = (0, 0, INPUT_WIDTH_PX, INPUT_HEIGHT_PX)


class SceneMaker:
    """Makes scenes from `faces` (card pictures that may be trained on) and own designs."""

    def __init__(
        self, rng: Rng, faces: Sequence[Picture], real_backs: Sequence[Picture] = (),
        *, scale: float = 1.0, large: Sequence[Picture] = (), variety: float = 1.0,
    ) -> None:  # fmt: skip
        """`scale` draws frames that many times larger, with `large` pictures for the cards;
        less `variety` of surfaces and backs is drawn sooner."""
        self._rng = rng
        self._scale = scale
        self._art = list(faces)
        self._faces = list(large or faces)
        self._faces += make_faces(rng, self._art, max(40, len(faces) // 4))
        self._surfaces = make_surfaces(rng, self._art, round(320 * variety))
        self._backs = make_backs(rng, self._art, round(250 * variety))
        self._backs += make_ornate_backs(rng, self._surfaces, self._art, round(500 * variety))
        self._real_backs = list(real_backs)

    def make(self) -> TrainingScene:
        """One scene of a kind drawn by chance."""
        view = int(self._rng.choice(4, p=[0.12, 0.61, 0.13, 0.14]))
        return self._onto_canvas(*self.make_frame(view))

    def make_frame(self, view: int) -> tuple[Picture, int, list[np.ndarray]]:
        """The frame alone, the view (`view`, or another that came out) and the corners in it."""
        rng = self._rng
        width, height = self._content_size()
        ground = cut_surface(rng, self._surfaces, width, height)
        cards: list[SceneCard] = []
        if view != NOTHING:
            cards = self._several(width, height) if view == SEVERAL else []
            if not cards:
                view = view if view != SEVERAL else CARD
                cards = [self._single(width, height, back=view == BACK)]
                if rng.random() < 0.12:
                    cards[0].quad = cut_quad(rng, cards[0].quad, width, height)
                cards += self._neighbours(cards[0], width, height)
        if any(card.counted for card in cards[1:]):
            view = SEVERAL
        for card in cards:
            card.rim = pick_rim(rng)
        self._furnish(ground, cards)
        for card in reversed(cards):
            self._draw(ground, card)
        counted = [card.quad for card in cards if card.counted]
        if rng.random() < (0.22 if cards else 0.35):
            where = cards[0].quad if cards else lying_quad(rng, width, height, 0.5, 0.7)
            camera.lay_hand(rng, ground, where)
        if rng.random() < 0.06:
            stick_on(rng, ground, cards[0].quad if cards else lying_quad(rng, width, height, 1, 1))
        lit = camera.light(rng, ground)
        if rng.random() < 0.08:
            lit = camera.draw_marks(rng, lit, counted[0] if counted else None)
        if self._scale > 1 and rng.random() < 0.35:
            lit = cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.5, 2.2))
        return camera.expose(rng, lit), view, counted

    def _furnish(self, ground: np.ndarray, cards: list[SceneCard]) -> None:
        """What lies and is printed under the cards; in place."""
        rng = self._rng
        if rng.random() < (0.16 if cards else 0.35):
            print_zones(rng, ground, self._surfaces)
        if cards and rng.random() < 0.25:
            self._match_ground(ground, cards[0])
        if rng.random() < 0.1:
            tray_walls(rng, ground)
        if rng.random() < 0.35 or (not cards and rng.random() < 0.8):
            self._clutter(ground, cards[0].quad if cards else None)
        if cards and rng.random() < 0.07:
            lay_palm(rng, ground, cards[0].quad)

    def _content_size(self) -> tuple[int, int]:
        rng = self._rng
        chances = np.array([share for _, share in _RATIOS])
        ratio = _RATIOS[rng.choice(len(_RATIOS), p=chances / chances.sum())][0]
        ratio *= rng.uniform(0.97, 1.03)
        room_w, room_h = INPUT_WIDTH_PX - 2 * MARGIN_PX, INPUT_HEIGHT_PX - 2 * MARGIN_PX
        width = min(room_w, room_h * ratio)
        height = min(room_h, round(width / ratio))
        return round(width * self._scale), round(height * self._scale)

    def _face(self, back: bool) -> Picture:
        rng = self._rng
        if not back:
            return self._faces[rng.integers(len(self._faces))]
        if self._real_backs and rng.random() < 0.2:
            return self._real_backs[rng.integers(len(self._real_backs))]
        return self._backs[rng.integers(len(self._backs))]

    def _single(self, width: int, height: int, *, back: bool) -> SceneCard:
        rng = self._rng
        aspect = rng.uniform(0.67, 0.735)
        size = rng.choice(
            [rng.uniform(0.22, 0.5), rng.uniform(0.5, 0.95), rng.uniform(0.95, 1.05)],
            p=[0.22, 0.60, 0.18],
        )
        quad = lying_quad(rng, width, height, float(size), aspect)
        return SceneCard(self._face(back), quad, aspect, back)

    def _several(self, width: int, height: int) -> list[SceneCard]:
        """Two to five whole cards side by side, or two of which the upper hides less than half."""
        rng = self._rng
        if rng.random() < 0.3:
            top = self._single(width, height, back=rng.random() < 0.15)
            turn = rng.normal(0, 0.35)
            under = laid_askew(rng, top.quad, rng.uniform(0.3, 1.1), turn)
            other = SceneCard(self._face(rng.random() < 0.15), under, top.aspect)
            clear = visible_share(under, width, height) > 0.85
            return [top, other] if clear and uncovered_share(under, top.quad) > 0.45 else []
        cards: list[SceneCard] = []
        biggest = rng.uniform(0.3, 0.85)
        taken = np.zeros((height, width), np.uint8)
        for _ in range(12):
            aspect = rng.uniform(0.67, 0.735)
            quad = lying_quad(rng, width, height, biggest * rng.uniform(0.8, 1.0), aspect)
            mask = np.zeros_like(taken)
            cv2.fillConvexPoly(mask, quad.astype(np.int32), 1)
            if not np.any(mask & taken):
                taken |= mask
                cards.append(SceneCard(self._face(rng.random() < 0.15), quad, aspect))
            if len(cards) >= 2 and rng.random() < 0.4:
                break
            biggest *= 0.9
        return cards if len(cards) > 1 else []

    def _pile(self, card: SceneCard) -> list[SceneCard]:
        """Cards that the top one hides for the most part: only the top one counts."""
        rng = self._rng
        shift, spread = rng.choice([0.015, 0.05, 0.2]), rng.choice([0.01, 0.03, 0.15])
        same, under = rng.random() < 0.5, []
        for _ in range(int(rng.integers(1, 6))):
            quad = laid_askew(rng, card.quad, abs(rng.normal(0, shift)), rng.normal(0, spread))
            if uncovered_share(quad, card.quad) < 0.38:
                back = card.back if same else rng.random() < 0.3
                under.append(SceneCard(self._face(back), quad, card.aspect, counted=False))
        return under

    def _neighbours(self, card: SceneCard, width: int, height: int) -> list[SceneCard]:
        """Cards next to this one in its plane, as in binders and spreads; cut ones don't count."""
        rng = self._rng
        found = self._pile(card) if rng.random() < 0.1 else []
        whole = visible_share(card.quad, width, height) > 0.9
        if rng.random() < 0.2:  # strays that lie half out of the frame
            for _ in range(int(rng.integers(1, 5))):
                quad = stray_quad(rng, card.quad, width, height)
                if quad is not None and whole:
                    face = self._face(rng.random() < 0.1)
                    found.append(SceneCard(face, quad, card.aspect, counted=False))
        if rng.random() > 0.2:
            return found
        flat = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]])
        plane = cv2.getPerspectiveTransform(flat, card.quad)
        gap = rng.uniform(0.03, 0.35, 2)
        jitter = rng.normal(0, 0.06) if rng.random() < 0.4 else 0.0
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)):
            if rng.random() < 0.4:
                continue
            shift = np.array([dx * (1 + gap[0]) + jitter * dy, dy * (1 + gap[1] * 0.7)])
            quad = cv2.perspectiveTransform((flat + shift)[None].astype(np.float32), plane)[0]
            seen = visible_share(quad, width, height)
            if 0.02 < seen < 0.6 or (whole and seen > 0.93):
                face = self._face(rng.random() < 0.1)
                counted = whole and seen > 0.93
                found.append(SceneCard(face, quad, card.aspect, counted=counted))
        return found

    def _match_ground(self, ground: np.ndarray, card: SceneCard) -> None:
        """White on white, dark on dark: paint the ground nearly as the card's rim; in place."""
        rng = self._rng
        rim = card.face[3:8, 10:-10].reshape(-1, 3).mean(axis=0)
        if card.rim is not None:
            rim = card.rim.colour
        colour = rim + rng.normal(0, 14) + rng.normal(0, 4, 3)
        ground[:] = colour + (ground - ground.mean(axis=(0, 1))) * rng.uniform(0, 0.3)

    def _clutter(self, ground: np.ndarray, quad: np.ndarray | None) -> None:
        """Paper, boxes, phones, boards and shadows under or beside the card; in place."""
        rng = self._rng
        height, width = ground.shape[:2]
        for _ in range(int(rng.integers(1, 5 if quad is None else 4))):
            if quad is not None and rng.random() < 0.4:  # something the card lies in or on
                grow = rng.uniform(1.1, 2.2, 2)
                centre = quad.mean(axis=0)
                shape = centre + (quad - centre) * grow + rng.normal(0, 3, 2)
            else:
                size, aspect = rng.uniform(0.15, 1.1), rng.uniform(0.2, 1.0)
                shape = lying_quad(rng, width, height, size, aspect)
                if rng.random() < 0.3:
                    shape = cut_quad(rng, shape, width, height)
            if rng.random() < 0.6:
                lay_thing(rng, ground, shape, self._art)
                continue
            drop_shadow(rng, ground, shape)
            lay_shape(ground, shape, cut_surface(rng, self._surfaces, width, height))

    def _draw(self, ground: np.ndarray, card: SceneCard) -> None:
        """Put the card with its holder and shadow onto the ground; in place."""
        rng = self._rng
        height, width = ground.shape[:2]
        longest = max(
            np.linalg.norm(card.quad[3] - card.quad[0]), np.linalg.norm(card.quad[2] - card.quad[1])
        )
        sheet = make_sheet(
            rng, card.face, int(min(240 * self._scale, longest * 1.15)), card.aspect, card.rim
        )
        plane = cv2.getPerspectiveTransform(sheet.corners_px, card.quad)
        layer = cv2.warpPerspective(sheet.rgba, plane, (width, height), flags=cv2.INTER_LINEAR)
        alpha = layer[..., 3:].astype(np.float32) / 255
        if rng.random() < 0.7:
            shift = rng.normal(0, longest * 0.012, 2) + 1e-3
            move = np.float32([[1, 0, shift[0]], [0, 1, shift[1]]])
            shade = cv2.warpAffine(alpha, move, (width, height))
            shade = cv2.GaussianBlur(shade, (0, 0), rng.uniform(0.6, max(0.7, longest * 0.04)))
            ground *= 1 - shade[..., None] * rng.uniform(0.1, 0.75)
        ground[:] = ground * (1 - alpha) + layer[..., :3] * alpha

    def _onto_canvas(self, frame: Picture, view: int, quads: list[np.ndarray]) -> TrainingScene:
        height, width = frame.shape[:2]
        left, top = (INPUT_WIDTH_PX - width) // 2, (INPUT_HEIGHT_PX - height) // 2
        canvas = np.full((INPUT_HEIGHT_PX, INPUT_WIDTH_PX, 3), PADDING, np.uint8)
        canvas[top : top + height, left : left + width] = frame
        moved = [quad + np.float32([left, top]) for quad in quads]
        return TrainingScene(canvas, view, moved, (left, top, left + width, top + height))
