"""Backs of cards of games that do not exist: centred designs, mostly the same either way up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from models.train.scenes_surface import Rng, _colour
from scanner.records import Picture

_WIDTH, _HEIGHT = 168, 240
_TINTS = ((150, 60, 20), (40, 75, 120), (30, 110, 200), (30, 30, 160), (60, 60, 60))
_CAPITALS = list("ABCDEFGHIKLMNORSTUVWXYZ")


def _tint(rng: Rng) -> np.ndarray:
    """Blue, brown, orange, red, grey as most backs are, or any colour."""
    if rng.random() < 0.25:
        return _colour(rng)
    return np.clip(np.array(_TINTS[rng.integers(len(_TINTS))]) * rng.uniform(0.4, 1.6), 0, 255)


def _polar() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    y, x = np.mgrid[:_HEIGHT, :_WIDTH].astype(np.float32)
    x, y = (x - (_WIDTH - 1) / 2) / _WIDTH, (y - (_HEIGHT - 1) / 2) / _WIDTH
    return x, y, np.hypot(x, y), np.arctan2(y, x)


def _lattice(rng: Rng, _: Sequence[Picture]) -> np.ndarray:
    """Diamonds, checks, scales, dots: one wave across another."""
    x, y, _far, _angle = _polar()
    turn, count = rng.choice([0.0, np.pi / 4, np.pi / 6]), rng.uniform(4, 30)
    u = x * np.cos(turn) + y * np.sin(turn)
    v = y * np.cos(turn) - x * np.sin(turn) * rng.choice([1, -1])
    wave = np.cos(2 * np.pi * count * u) * np.cos(2 * np.pi * count * v)
    if rng.random() < 0.4:
        wave = np.maximum(np.cos(2 * np.pi * count * u), np.cos(2 * np.pi * count * v))
    if rng.random() < 0.6:
        wave = np.sign(wave - rng.uniform(-0.6, 0.6))
    return wave


def _rays(rng: Rng, _: Sequence[Picture]) -> np.ndarray:
    """Rays, petals and swirls about the middle."""
    _x, _y, far, angle = _polar()
    count, swirl = rng.integers(1, 25), rng.uniform(0, 25) * (rng.random() < 0.6)
    wave = np.cos(angle * 2 * count + swirl * far)
    if rng.random() < 0.4:
        wave = wave * np.cos(2 * np.pi * far * rng.uniform(1, 8))
    return np.sign(wave) if rng.random() < 0.4 else wave


def _rings(rng: Rng, _: Sequence[Picture]) -> np.ndarray:
    """Ovals or boxes within one another."""
    x, y, far, _angle = _polar()
    kind = rng.random()
    if kind < 0.4:
        far = np.hypot(x, y * rng.uniform(0.5, 0.9))
    elif kind < 0.7:
        far = np.maximum(np.abs(x), np.abs(y) * rng.uniform(0.6, 1))
    elif kind < 0.85:
        far = np.abs(x) + np.abs(y) * rng.uniform(0.5, 1)
    wave = np.cos(2 * np.pi * far * rng.uniform(2, 14) + rng.uniform(0, 6))
    return np.sign(wave) if rng.random() < 0.4 else wave


def _mirrored(rng: Rng, textures: Sequence[Picture]) -> np.ndarray:
    """An ornament from a piece of some surface, the same in all four quarters."""
    texture = textures[rng.integers(len(textures))]
    part = int(rng.integers(60, 300))
    grey = cv2.cvtColor(texture[:part, : part * 7 // 10], cv2.COLOR_BGR2GRAY)
    base = cv2.resize(grey, (_WIDTH, _HEIGHT)).astype(np.float32)
    pick = np.minimum if rng.random() < 0.5 else np.maximum
    base = pick(base, base[:, ::-1])
    base = pick(base, base[::-1]) if rng.random() < 0.7 else base
    return (base - base.mean()) / (2 * base.std() + 5)


def _marble(rng: Rng, _: Sequence[Picture]) -> np.ndarray:
    """Clouds and veins, often the same when turned by half."""
    cells = int(rng.integers(3, 12))
    coarse = rng.uniform(-1, 1, (cells * 3 // 2, cells)).astype(np.float32)
    wave = cv2.resize(coarse, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.5:
        wave = np.sin(wave * rng.uniform(2, 12))
    return (wave + wave[::-1, ::-1]) / 2 if rng.random() < 0.7 else wave


_PATTERNS: tuple[Callable[[Rng, Sequence[Picture]], np.ndarray], ...] = (
    _lattice, _rays, _rings, _mirrored, _marble,
)  # fmt: skip


def _painted(rng: Rng, pattern: np.ndarray) -> np.ndarray:
    """A pattern of about -1…1 between two colours."""
    low, high = _tint(rng), _tint(rng) if rng.random() < 0.6 else _colour(rng)
    share = (np.clip(pattern, -1, 1)[..., None] + 1) / 2 * rng.uniform(0.15, 1)
    return low * (1 - share) + high * share


def _shape(rng: Rng, size: np.ndarray) -> np.ndarray:
    """The outline of an emblem about 0, `(N, 2)`: disc, star, shield, gear, diamond, box."""
    count = int(rng.choice([4, 5, 6, 8, 12, 48]))
    angle = np.arange(2 * count) * (np.pi / count) + rng.choice([0, np.pi / 2, np.pi / 4])
    inner = rng.choice([1.0, 0.85, rng.uniform(0.25, 0.8)])
    far = np.where(np.arange(2 * count) % 2, 1.0, inner)
    return np.stack([np.cos(angle) * far, np.sin(angle) * far], axis=1) * size


def _emblems(rng: Rng, picture: np.ndarray, art: Sequence[Picture]) -> None:
    """What stands in the middle: emblems within one another, perhaps a picture; in place."""
    middle = np.array([_WIDTH / 2, _HEIGHT / 2])
    if rng.random() < 0.3:
        middle[1] += rng.normal(0, 15)
    size = rng.uniform(0.1, 0.5) * _WIDTH * np.array([1, rng.uniform(0.7, 1.5)])
    for _ in range(int(rng.integers(0, 5))):
        outline = (_shape(rng, size) + middle).astype(np.int32)
        colour, mode = _colour(rng).tolist(), rng.random()
        if mode < 0.5:
            cv2.fillPoly(picture, [outline], colour, cv2.LINE_AA)
        elif mode < 0.85:
            cv2.polylines(picture, [outline], True, colour, int(rng.integers(1, 9)), cv2.LINE_AA)
        else:
            mask = np.zeros(picture.shape[:2], np.uint8)
            cv2.fillPoly(mask, [outline], 255)
            face = art[rng.integers(len(art))][30:140, 18:150]
            picture[mask > 0] = cv2.resize(face, (_WIDTH, _HEIGHT))[mask > 0]
        size = size * rng.uniform(0.5, 1.0, 2)


def _words(rng: Rng, picture: np.ndarray) -> np.ndarray:
    """A name: across the middle, or above and, turned, below."""
    kind = rng.random()
    if kind < 0.3:
        return picture
    word = "".join(rng.choice(_CAPITALS, int(rng.integers(2, 10))))
    face, size, bold = int(rng.integers(8)), rng.uniform(0.5, 2.0), int(rng.integers(1, 7))
    (wide, high), _ = cv2.getTextSize(word, face, size, bold)
    size *= min(1.0, 0.9 * _WIDTH / wide)
    (wide, high), _ = cv2.getTextSize(word, face, size, bold)
    row = _HEIGHT // 2 + high // 2 if kind < 0.6 else int(rng.uniform(0.15, 0.4) * _HEIGHT)
    at = ((_WIDTH - wide) // 2, row)
    ink, dark = _colour(rng, 120, 255).tolist(), _colour(rng, 0, 100).tolist()
    halo = bold + int(rng.integers(1, 6)) if rng.random() < 0.6 else 0
    for _ in range(2):
        if halo:
            cv2.putText(picture, word, at, face, size, dark, halo, cv2.LINE_AA)
        cv2.putText(picture, word, at, face, size, ink, bold, cv2.LINE_AA)
        if kind < 0.75:
            return picture
        picture = np.ascontiguousarray(picture[::-1, ::-1])
    return picture


def _border(rng: Rng, picture: np.ndarray) -> None:
    """Frames along the rim, with studs in the corners or all along; in place."""
    edge = 0
    for _ in range(int(rng.integers(0, 4))):
        thick = int(rng.integers(1, 12))
        low = (edge + thick // 2, edge + thick // 2)
        high = (_WIDTH - 1 - low[0], _HEIGHT - 1 - low[1])
        cv2.rectangle(picture, low, high, _tint(rng).tolist(), thick)
        edge += thick + int(rng.integers(0, 8))
    if rng.random() < 0.3:
        inset, size = int(rng.integers(8, 36)), rng.uniform(3, 14)
        colour, step = _colour(rng).tolist(), 400 if rng.random() < 0.5 else int(size * 3)
        outline = _shape(rng, np.array([size, size]))
        for x in {*range(inset, _WIDTH - inset, step), _WIDTH - 1 - inset}:
            for y in {*range(inset, _HEIGHT - inset, step), _HEIGHT - 1 - inset}:
                if min(x, y, _WIDTH - 1 - x, _HEIGHT - 1 - y) <= inset + 1:
                    cv2.fillPoly(picture, [(outline + np.array([x, y])).astype(np.int32)], colour)


def make_ornate_backs(
    rng: Rng, textures: Sequence[Picture], art: Sequence[Picture], count: int
) -> list[Picture]:
    """Draw `count` backs, `(240, 168, 3) uint8`, from patterns, emblems, names and borders."""
    backs = []
    for _ in range(count):
        patterns = [_PATTERNS[kind] for kind in rng.integers(0, len(_PATTERNS), 2)]
        ground = _painted(rng, patterns[0](rng, textures))
        if rng.random() < 0.5:  # another pattern in the inner part
            inner = _painted(rng, patterns[1](rng, textures))
            mask = np.zeros((_HEIGHT, _WIDTH), np.uint8)
            size = np.array([_WIDTH, _HEIGHT]) * rng.uniform(0.2, 0.62)
            outline = _shape(rng, size) + np.array([_WIDTH, _HEIGHT]) / 2
            if rng.random() < 0.5:
                edge = int(rng.integers(8, 40))
                outline = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * [
                    _WIDTH - 2 * edge, _HEIGHT - 2 * edge,
                ] + edge  # fmt: skip
            cv2.fillPoly(mask, [outline.astype(np.int32)], 255, cv2.LINE_AA)
            share = mask[..., None] / np.float32(255)
            ground = ground * (1 - share) + inner * share
        if rng.random() < 0.5:
            _x, _y, far, _angle = _polar()
            glow = np.exp(-((far / rng.uniform(0.15, 0.6)) ** 2))[..., None]
            ground = ground + glow * rng.uniform(-110, 140, 3)
        picture = np.clip(ground, 0, 255).astype(np.uint8)
        _emblems(rng, picture, art)
        _border(rng, picture)
        backs.append(_words(rng, picture))
    return backs
