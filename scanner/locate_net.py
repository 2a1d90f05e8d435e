"""The locator's net on the device: frame to its input, its outputs as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.errors import ModelError
from scanner.models import ModelFile, open_interpreter
from scanner.records import Corners, Picture
from scanner.shrink import Levels, halvings_to

INPUT_WIDTH_PX, INPUT_HEIGHT_PX = 288, 160
MARGIN_PX = 6
"""Room around the frame in the net's input, so that corners cut off by the frame have a place."""
PADDING = 114
STRIDE_PX = 4


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a frame, or nearly all of it, lies in the net's input.

    Frames higher than wide are turned clockwise to lie down.
    """

    frame_size: tuple[int, int]
    content_size: tuple[int, int]
    turned: bool

    def to_frame(self, points: NDArray[np.float32]) -> Corners:
        """`(N, 2)` pixels of the input as pixels of the frame (pixel centres at integers)."""
        width, height = self.content_size
        placed = (height, width) if self.turned else (width, height)
        x = points[:, 0] - (INPUT_WIDTH_PX - placed[0]) // 2
        y = points[:, 1] - (INPUT_HEIGHT_PX - placed[1]) // 2
        if self.turned:
            x, y = y, height - 1 - x
        ratio_x, ratio_y = self.frame_size[0] / width, self.frame_size[1] / height
        found = np.stack([(x + 0.5) * ratio_x - 0.5, (y + 0.5) * ratio_y - 0.5], axis=1)
        return found.astype(np.float32)

    @property
    def scale(self) -> float:
        """Frame pixels per input pixel."""
        return self.frame_size[0] / self.content_size[0]


def fit_frame(levels: Levels) -> tuple[Picture, Fit]:
    """Shrink `(H, W, 3)` into the middle of the `(160, 288, 3)` input, keeping its shape."""
    height, width = levels.frame.shape[:2]
    turned = height > width
    room_x, room_y = INPUT_WIDTH_PX - 2 * MARGIN_PX, INPUT_HEIGHT_PX - 2 * MARGIN_PX
    if turned:
        room_x, room_y = room_y, room_x
    scale = min(room_x / width, room_y / height)
    # `frame_size` is what halving leaves of the frame.
    small: NDArray[Any]
    small, halved = levels.level(halvings_to(1 / scale))
    covered = (small.shape[1] * halved, small.shape[0] * halved)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # Less than half is left to shrink by: linear sampling skips no pixel and is many times faster.
    small = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    if turned:
        small = cv2.rotate(small, cv2.ROTATE_90_CLOCKWISE)
    canvas = np.full((INPUT_HEIGHT_PX, INPUT_WIDTH_PX, 3), PADDING, dtype=np.uint8)
    top = (INPUT_HEIGHT_PX - small.shape[0]) // 2
    left = (INPUT_WIDTH_PX - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas, Fit(covered, size, turned)


class CornerNet:
    """The int8 TFLite model. Not safe to call from two threads at once."""

    def __init__(self, interpreter: Any) -> None:
        self._interpreter = interpreter
        self._input = interpreter.get_input_details()[0]
        outputs = interpreter.get_output_details()
        outputs.sort(key=lambda output: len(output["shape"]))
        shapes = [list(one["shape"]) for one in (self._input, *outputs)]
        maps = [1, INPUT_HEIGHT_PX // STRIDE_PX, INPUT_WIDTH_PX // STRIDE_PX, 2]
        if shapes != [[1, INPUT_HEIGHT_PX, INPUT_WIDTH_PX, 3], [1, 4], maps]:
            raise ModelError(
                f"the locator's model has inputs and outputs of the shapes {shapes}, which this "
                "version does not know; use the model that came with it"
            )
        self._view, self._maps = outputs
        # The input's scale may be a hair off 1/255: a table maps pixel values exactly.
        scale, zero = self._input["quantization"]
        values = np.round(np.arange(256) / 255 / scale) + zero
        self._table = np.clip(values, -128, 127).astype(np.int8)

    @classmethod
    def open(cls, file: ModelFile, threads: int = 1) -> CornerNet:
        """Read the model; raises `ModelError` when it or the runtime is missing or damaged."""
        interpreter, _ = open_interpreter(file, threads)
        return cls(interpreter)

    def run(self, canvas: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Corner logits `(2, 40, 72)` and the chances `(4,)` of nothing, card, several, back."""
        self._interpreter.set_tensor(self._input["index"], cv2.LUT(canvas, self._table)[None])
        self._interpreter.invoke()
        maps = self._read(self._maps)[0].transpose(2, 0, 1)
        view = self._read(self._view)[0]
        chances = np.exp(view - view.max())
        return maps, chances / chances.sum()

    def _read(self, output: Any) -> NDArray[np.float32]:
        scale, zero = output["quantization"]
        raw = self._interpreter.get_tensor(output["index"])
        return np.asarray((raw.astype(np.float32) - zero) * scale, dtype=np.float32)
