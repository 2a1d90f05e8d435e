"""The reader's net on the device: grey strips to the chances of each letter at each step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanner.errors import ModelError
from scanner.models import ModelFile, open_interpreter, read_manifest

STRIP_WIDTH_PX, STRIP_HEIGHT_PX = 256, 32
STEPS = STRIP_WIDTH_PX // 4
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-/."
"""Class k + 1 is the letter k; class 0 says "nothing new here". A dot may be a raised one."""
CLASSES = len(LETTERS) + 1

Strip = NDArray[np.uint8]
Steps = NDArray[np.float32]
"""`(64, 40) float32`: log-probability of each class at each step, from left to right."""

_LEAST_DEVIATION = 6.0
_CLIPPED_AT = 2.5


def standardise(strip: Strip) -> NDArray[np.float32]:
    """`(32, 256) uint8` as `float32` in -1…1: mean 0, two and a half deviations are 1."""
    grey = strip.astype(np.float32)
    deviation = max(float(grey.std()), _LEAST_DEVIATION)
    scaled = (grey - grey.mean()) / (_CLIPPED_AT * deviation)
    return np.asarray(np.clip(scaled, -1, 1), np.float32)


class ReaderNet:
    """The int8 TFLite model. Not safe to call from two threads at once."""

    def __init__(self, interpreter: Any, model_id: str) -> None:
        self.model_id = model_id
        self._interpreter = interpreter
        self._input = interpreter.get_input_details()[0]
        self._output = interpreter.get_output_details()[0]
        shapes = [list(one["shape"]) for one in (self._input, self._output)]
        if shapes != [[1, STRIP_HEIGHT_PX, STRIP_WIDTH_PX, 1], [1, STEPS, CLASSES]]:
            raise ModelError(
                f"the reader's model has input and output of the shapes {shapes}, which this "
                "version does not know; use the model that came with it"
            )

    @classmethod
    def load(cls, models_dir: Path | None = None, threads: int = 1) -> ReaderNet:
        """The model of the manifest; raises `ModelError` when it is missing or damaged."""
        return cls.open(read_manifest("reader", models_dir), threads)

    @classmethod
    def open(cls, file: ModelFile, threads: int = 1) -> ReaderNet:
        """Open a model file; raises `ModelError` when it can't be."""
        interpreter, _ = open_interpreter(file, threads)
        return cls(interpreter, file.model_id)

    def read(self, strips: Sequence[Strip]) -> list[Steps]:
        """Log-probabilities of each strip; a strip for which the net gives nonsense gives only
        blanks, which spell nothing."""
        return [log_softmax(self._logits(strip)) for strip in strips]

    def _logits(self, strip: Strip) -> NDArray[np.float32]:
        scale, zero = self._input["quantization"]
        values = np.round(standardise(strip) / scale) + zero
        values = np.clip(values, -128, 127).astype(np.int8)
        self._interpreter.set_tensor(self._input["index"], values[None, :, :, None])
        self._interpreter.invoke()
        scale, zero = self._output["quantization"]
        raw = self._interpreter.get_tensor(self._output["index"])[0]
        return np.asarray((raw.astype(np.float32) - zero) * scale, dtype=np.float32)


def log_softmax(logits: NDArray[np.float32]) -> Steps:
    """Log-probabilities of `(64, 40)` logits; where one is no number, all steps are blank."""
    if not np.isfinite(logits).all():
        logits = np.zeros_like(logits)
        logits[:, 0] = 30.0
    top = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(top - np.log(np.exp(top).sum(axis=1, keepdims=True)), np.float32)
