"""Drawn printings of one artwork, and what a camera makes of them."""

from __future__ import annotations

import cv2
import numpy as np

from scanner.bench_cards import draw_card

NUMBER_BOX = np.s_[500:620, 210:430]


def reference(card: np.ndarray) -> np.ndarray:
    return cv2.resize(card, (224, 320), interpolation=cv2.INTER_AREA)


def printed(text: str) -> np.ndarray:
    """Card 3 with a set code and a number of its own in a light box."""
    card = draw_card(3)
    card[NUMBER_BOX] = 230
    for line, part in enumerate(text.split()):
        place = (220, 550 + 55 * line)
        cv2.putText(card, part, place, cv2.FONT_HERSHEY_DUPLEX, 1.9, (10, 10, 10), 5, cv2.LINE_AA)
    return card


def stamped(card: np.ndarray) -> np.ndarray:
    """The card with a small promo stamp on its picture."""
    marked = card.copy()
    cv2.circle(marked, (80, 330), 16, (30, 160, 240), -1, cv2.LINE_AA)
    cv2.circle(marked, (80, 330), 9, (20, 20, 20), 3, cv2.LINE_AA)
    return marked


def photographed(card: np.ndarray, seed: int = 0) -> np.ndarray:
    """The card a little askew, darker on one side, softer, with noise and a warm cast."""
    rng = np.random.default_rng(seed)
    corners = np.float32([[0, 0], [448, 0], [448, 640], [0, 640]])
    moved = corners + rng.normal(0, 4, (4, 2)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    askew = cv2.warpPerspective(card, matrix, (448, 640), borderMode=cv2.BORDER_REPLICATE)
    light = np.linspace(0.6, 1.1, 448)[None, :, None] * np.array([0.9, 1.0, 1.05])
    soft = cv2.GaussianBlur(askew, (0, 0), 1.2) * light + rng.normal(0, 4, askew.shape)
    return np.clip(soft, 0, 255).astype(np.uint8)


FIRST, SECOND = printed("SET-A 12/90"), printed("KLM-B 87/34")
