"""Training scenes for the locator, rendered straight at the net's input size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from models.train import scenes_camera as camera
from models.train.scenes_card import Rim, make_backs, make_faces, make_sheet, pick_rim
from models.train.scenes_surface import Rng, _colour, cut_surface, make_surfaces
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
    pixels (clockwise, a short edge first)."""

    frame: Picture
    view: int
    quads: list[np.ndarray] = field(default_factory=list)


class SceneMaker:
    """Makes scenes from `faces` (card pictures that may be trained on) and own designs."""

    def __init__(
        self, rng: Rng, faces: Sequence[Picture], real_backs: Sequence[Picture] = ()
    ) -> None:
        self._rng = rng
        self._art = list(faces)
        self._faces = list(faces) + make_faces(rng, self._art, max(40, len(faces) // 6))
        self._backs = make_backs(rng, self._art, 400)
        self._real_backs = list(real_backs)
        self._surfaces = make_surfaces(rng, self._art, 320)

    def make(self) -> TrainingScene:
        """One scene of a kind drawn by chance."""
        rng = self._rng
        view = int(rng.choice(4, p=[0.13, 0.61, 0.14, 0.12]))
        width, height = self._content_size()
        ground = cut_surface(rng, self._surfaces, width, height)
        cards: list[SceneCard] = []
        if view != NOTHING:
            cards = self._several(width, height) if view == SEVERAL else []
            if not cards:
                view = view if view != SEVERAL else CARD
                cards = [self._single(width, height, back=view == BACK)]
                cards += self._neighbours(cards[0], width, height)
        if any(card.counted for card in cards[1:]):
            view = SEVERAL
        for card in cards:
            card.rim = pick_rim(rng)
        if cards and rng.random() < 0.25:
            self._match_ground(ground, cards[0])
        if rng.random() < 0.35 or view == NOTHING:
            self._clutter(ground, cards[0].quad if cards else None)
        for card in reversed(cards):
            self._draw(ground, card)
        counted = [card.quad for card in cards if card.counted]
        if rng.random() < (0.22 if cards else 0.35):
            where = cards[0].quad if cards else self._quad(width, height, 0.5, 0.7)
            camera.lay_hand(rng, ground, where)
        lit = camera.light(rng, ground)
        if rng.random() < 0.1:
            lit = camera.draw_marks(rng, lit, counted[0] if counted else None)
        return self._onto_canvas(camera.expose(rng, lit), view, counted)

    def _content_size(self) -> tuple[int, int]:
        rng = self._rng
        chances = np.array([share for _, share in _RATIOS])
        ratio = _RATIOS[rng.choice(len(_RATIOS), p=chances / chances.sum())][0]
        ratio *= rng.uniform(0.97, 1.03)
        room_w, room_h = INPUT_WIDTH_PX - 2 * MARGIN_PX, INPUT_HEIGHT_PX - 2 * MARGIN_PX
        width = min(room_w, room_h * ratio)
        return round(width), min(room_h, round(width / ratio))

    def _face(self, back: bool) -> Picture:
        rng = self._rng
        if not back:
            return self._faces[rng.integers(len(self._faces))]
        if self._real_backs and rng.random() < 0.4:
            return self._real_backs[rng.integers(len(self._real_backs))]
        return self._backs[rng.integers(len(self._backs))]

    def _quad(self, width: int, height: int, size: float, aspect: float) -> np.ndarray:
        """Corners of a tilted card whose bounding box fills `size` of the frame."""
        rng = self._rng
        base = rng.choice([0.0, np.pi / 2], p=[0.6, 0.4]) + rng.choice([0, np.pi])
        turn = rng.normal(0, 0.18) if rng.random() < 0.75 else rng.uniform(-np.pi / 4, np.pi / 4)
        if size > 0.9 and rng.random() < 0.7:
            turn *= 0.2
        c, s = np.cos(base + turn), np.sin(base + turn)
        flat = np.array([[-aspect, -1], [aspect, -1], [aspect, 1], [-aspect, 1]]) / 2
        flat = flat @ np.array([[c, s], [-s, c]])
        lean = abs(rng.normal(0, 0.22)) if rng.random() < 0.85 else rng.uniform(0.3, 0.9)
        axis = rng.uniform(0, 2 * np.pi)
        depth = flat @ np.array([np.cos(axis), np.sin(axis)])
        across = flat @ np.array([-np.sin(axis), np.cos(axis)])
        away = rng.uniform(1.6, 6.0)
        near = away / (away + depth * np.sin(lean))
        along = depth * np.cos(lean) * near
        quad = np.stack(
            [
                along * np.cos(axis) - across * near * np.sin(axis),
                along * np.sin(axis) + across * near * np.cos(axis),
            ],
            axis=1,
        )
        low, high = quad.min(axis=0), quad.max(axis=0)
        quad = (quad - low) / max((high[0] - low[0]) / width, (high[1] - low[1]) / height) * size
        free = np.array([width, height]) - quad.max(axis=0)
        place = rng.uniform(0, 1, 2) if rng.random() < 0.6 else rng.normal(0.5, 0.12, 2)
        slack = np.where(free > 0, free * np.clip(place, 0, 1), free * rng.uniform(0.35, 0.65, 2))
        return (quad + slack - 0.5).astype(np.float32)

    def _single(self, width: int, height: int, *, back: bool) -> SceneCard:
        rng = self._rng
        aspect = rng.uniform(0.67, 0.735)
        size = rng.choice(
            [rng.uniform(0.22, 0.5), rng.uniform(0.5, 0.95), rng.uniform(0.95, 1.05)],
            p=[0.22, 0.58, 0.2],
        )
        quad = self._quad(width, height, float(size), aspect)
        return SceneCard(self._face(back), quad, aspect, back)

    def _several(self, width: int, height: int) -> list[SceneCard]:
        """Two to five whole cards side by side, or two on top of one another and askew."""
        rng = self._rng
        if rng.random() < 0.3:
            top = self._single(width, height, back=rng.random() < 0.15)
            centre = top.quad.mean(axis=0)
            turn = rng.normal(0, 0.35)
            c, s = np.cos(turn), np.sin(turn)
            under = (top.quad - centre) @ np.array([[c, s], [-s, c]]) + centre
            step = np.linalg.norm(top.quad[1] - top.quad[0]) * rng.uniform(0.2, 0.8)
            way = rng.uniform(0, 2 * np.pi)
            under += step * np.array([np.cos(way), np.sin(way)])
            other = SceneCard(self._face(rng.random() < 0.15), under.astype(np.float32), top.aspect)
            return [top, other] if self._visible(under, width, height) > 0.8 else []
        cards: list[SceneCard] = []
        biggest = rng.uniform(0.3, 0.85)
        taken = np.zeros((height, width), np.uint8)
        for _ in range(12):
            aspect = rng.uniform(0.67, 0.735)
            quad = self._quad(width, height, biggest * rng.uniform(0.8, 1.0), aspect)
            mask = np.zeros_like(taken)
            cv2.fillConvexPoly(mask, quad.astype(np.int32), 1)
            if not np.any(mask & taken):
                taken |= mask
                cards.append(SceneCard(self._face(rng.random() < 0.15), quad, aspect))
            if len(cards) >= 2 and rng.random() < 0.4:
                break
            biggest *= 0.9
        return cards if len(cards) > 1 else []

    def _neighbours(self, card: SceneCard, width: int, height: int) -> list[SceneCard]:
        """Cards next to this one in its plane, as in binders and spreads; cut ones don't count."""
        rng = self._rng
        found: list[SceneCard] = []
        if rng.random() < 0.2:  # strays that lie half out of the frame
            for _ in range(int(rng.integers(1, 5))):
                stray = self._stray(card, width, height)
                found += [stray] if stray is not None else []
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
            seen = self._visible(quad, width, height)
            if 0.02 < seen < 0.6 or seen > 0.93:
                face = self._face(rng.random() < 0.1)
                found.append(SceneCard(face, quad, card.aspect, counted=seen > 0.93))
        return found

    def _stray(self, card: SceneCard, width: int, height: int) -> SceneCard | None:
        """Another card of about this size, anywhere on the frame's rim, clear of this one."""
        rng = self._rng
        turn = rng.uniform(0, 2 * np.pi)
        c, s = np.cos(turn), np.sin(turn)
        middle = card.quad.mean(axis=0)
        shape = (card.quad - middle) @ np.array([[c, s], [-s, c]]) * rng.uniform(0.7, 1.2)
        at = rng.uniform(0, 1, 2) * [width, height]
        at[rng.integers(2)] *= 0
        if rng.random() < 0.5:
            at = np.array([width, height]) - at
        quad = (shape + at + rng.normal(0, 6, 2)).astype(np.float32)
        shared, _ = cv2.intersectConvexConvex(quad, card.quad)
        if not 0.02 < self._visible(quad, width, height) < 0.6 or shared > 0:
            return None
        return SceneCard(self._face(rng.random() < 0.1), quad, card.aspect, counted=False)

    @staticmethod
    def _visible(quad: np.ndarray, width: int, height: int) -> float:
        frame = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
        shared, _ = cv2.intersectConvexConvex(quad.astype(np.float32), frame)
        return float(shared) / max(1.0, abs(cv2.contourArea(quad.astype(np.float32))))

    def _match_ground(self, ground: np.ndarray, card: SceneCard) -> None:
        """White on white, dark on dark: paint the ground nearly as the card's rim; in place."""
        rng = self._rng
        rim = card.face[3:8, 10:-10].reshape(-1, 3).mean(axis=0)
        if card.rim is not None:
            rim = card.rim.colour
        colour = rim + rng.normal(0, 14) + rng.normal(0, 4, 3)
        ground[:] = colour + (ground - ground.mean(axis=(0, 1))) * rng.uniform(0, 0.3)

    def _clutter(self, ground: np.ndarray, quad: np.ndarray | None) -> None:
        """Paper, boxes, trays, phones and shadows under or beside the card; in place."""
        rng = self._rng
        height, width = ground.shape[:2]
        for _ in range(int(rng.integers(1, 5 if quad is None else 3))):
            if quad is not None and rng.random() < 0.5:  # something the card lies in or on
                grow = rng.uniform(1.1, 2.2, 2)
                centre = quad.mean(axis=0)
                shape = centre + (quad - centre) * grow + rng.normal(0, 3, 2)
            else:
                shape = self._quad(width, height, rng.uniform(0.15, 1.1), rng.uniform(0.2, 1.0))
            layer = np.zeros((height, width), np.uint8)
            cv2.fillPoly(layer, [(shape * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
            mask = (layer / np.float32(255))[..., None]
            soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(1, 8))[..., None]
            ground *= 1 - soft * rng.uniform(0, 0.6)
            if rng.random() < 0.6:
                fill = np.zeros_like(ground) + _colour(rng)
            else:
                fill = cut_surface(rng, self._surfaces, width, height)
            ground[:] = ground * (1 - mask) + fill * mask

    def _draw(self, ground: np.ndarray, card: SceneCard) -> None:
        """Put the card with its holder and shadow onto the ground; in place."""
        rng = self._rng
        height, width = ground.shape[:2]
        longest = max(
            np.linalg.norm(card.quad[3] - card.quad[0]), np.linalg.norm(card.quad[2] - card.quad[1])
        )
        sheet = make_sheet(rng, card.face, int(min(240, longest * 1.15)), card.aspect, card.rim)
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
        return TrainingScene(canvas, view, [quad + np.float32([left, top]) for quad in quads])
