"""How well a strip's steps spell a string that is known: alignment, no free reading."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scanner.reader_net import LETTERS, STEPS, Steps

LETTER_NATS = 2.5
"""What a letter beside the string costs: a string that explains more of the strip is likelier."""
_TOUCHING_STEPS = 3
_TOUCHING_NATS = 4.0
"""A string that begins or ends right at another letter is but a part of what is printed."""
_IMPOSSIBLE = np.float32(-1e6)


def score(steps: Sequence[Steps], strings: Sequence[str]) -> NDArray[np.float32]:
    """`(strips, strings) float32`: log-likelihood of each string standing somewhere in each strip.

    In nats against the likeliest reading of the same steps: 0 when the string is that reading,
    far below when it is not there. It may begin anywhere, other letters may stand beside it.
    Each string's likeliest alignment counts. `LETTER_NATS` for each of its letters makes strings
    of different lengths comparable (`explained`).
    """
    if not steps or not strings:
        return np.zeros((len(steps), len(strings)), np.float32)
    stacked = np.stack(steps)
    likeliest = stacked.argmax(axis=2)
    relative = stacked - stacked.max(axis=2, keepdims=True)
    before, after, touching = _beside(likeliest)
    # After a stroke another number is to be expected.
    touching = touching[..., None] * np.array([not s.endswith("/") for s in strings], np.float32)
    classes, skips, lengths = _states(strings)
    # (strips, STEPS, strings, states) of the odd states would be large: one step at a time.
    count, states = classes.shape
    values = np.full((len(steps), count, states), _IMPOSSIBLE, np.float32)
    best = np.full((len(steps), count), _IMPOSSIBLE, np.float32)
    last = 2 * (lengths - 1)
    rows = np.arange(count)
    for step in range(STEPS):
        moved = values.copy()
        np.maximum(moved[:, :, 1:], values[:, :, :-1], out=moved[:, :, 1:])
        np.maximum(moved[:, :, 2:], values[:, :, :-2] + skips[:, 2:], out=moved[:, :, 2:])
        np.maximum(moved[:, :, 0], before[:, step, None], out=moved[:, :, 0])
        values = moved + relative[:, step][:, classes]
        np.maximum(best, values[:, rows, last] + after[:, step, None] + touching[:, step], out=best)
    # What stands beside the string was counted against the strip's letters as a whole.
    total = LETTER_NATS * _starts(likeliest).sum(axis=1)
    return np.asarray(best + total[:, None] - LETTER_NATS * lengths[None], np.float32)


def explained(strings: Sequence[str]) -> NDArray[np.float32]:
    """What each string is worth, in nats, when it is read without a doubt."""
    return LETTER_NATS * np.array([len(string) for string in strings], np.float32)


def _states(
    strings: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """Classes `(strings, states)` with blanks between the letters, the cost of passing over the
    blank before each state, and the strings' lengths; padded with blanks at the end."""
    lengths = np.array([len(string) for string in strings], np.int64)
    classes = np.zeros((len(strings), 2 * int(lengths.max()) - 1), np.int64)
    skips = np.full(classes.shape, _IMPOSSIBLE, np.float32)
    for row, string in enumerate(strings):
        for place, letter in enumerate(string):
            classes[row, 2 * place] = LETTERS.index(letter) + 1
            if place and string[place - 1] != letter:
                skips[row, 2 * place] = 0
    return classes, skips, lengths


def _starts(likeliest: NDArray[np.int64]) -> NDArray[np.bool_]:
    """`(strips, STEPS)`: where a new letter of the likeliest reading begins."""
    starts = likeliest != 0
    starts[:, 1:] &= likeliest[:, 1:] != likeliest[:, :-1]
    return np.asarray(starts, np.bool_)


def _beside(
    likeliest: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """What it costs to begin at each step, to end at each step, and to end there so close to the
    next letter; `(strips, STEPS)` each."""
    starts = _starts(likeliest).astype(np.float32)
    passed = np.cumsum(starts, axis=1)
    before = -LETTER_NATS * (passed - starts)
    after = -LETTER_NATS * (passed[:, -1:] - passed)
    touched = starts > 0
    near_before = np.zeros_like(touched)
    near_after = np.zeros_like(touched)
    for shift in range(1, _TOUCHING_STEPS + 1):
        near_before[:, shift:] |= touched[:, :-shift]
        near_after[:, :-shift] |= touched[:, shift:]
    before -= _TOUCHING_NATS * near_before
    return before, after, -_TOUCHING_NATS * near_after.astype(np.float32)
