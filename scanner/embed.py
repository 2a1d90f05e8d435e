"""The embedder: an upright card picture to a unit vector, by an int8 TFLite model on one thread."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.errors import ModelError
from scanner.models import ModelFile, open_interpreter, read_manifest
from scanner.records import Picture
from scanner.vectors import DIMENSIONS

_FLATTEST = 4.0


class Embedder:
    """Turns pictures of cards into vectors whose cosine tells how alike two artworks are.

    Not safe for use from several threads at once: each thread loads its own.
    """

    def __init__(self, file: ModelFile, threads: int) -> None:
        """Use `Embedder.load`."""
        self._interpreter, self.runtime = open_interpreter(file, threads)
        self.model_id = file.model_id
        entry = self._interpreter.get_input_details()[0]
        exit_ = self._interpreter.get_output_details()[0]
        shape = tuple(int(n) for n in entry["shape"])
        if len(shape) != 4 or shape[3] != 3 or tuple(exit_["shape"]) != (1, DIMENSIONS):
            raise ModelError(
                f"{file.path} takes {shape} and gives {tuple(exit_['shape'])}; this program needs "
                f"a picture in and {DIMENSIONS} numbers out: take the model that came with it"
            )
        self._height_px, self._width_px = shape[1], shape[2]
        self._input, self._output = int(entry["index"]), int(exit_["index"])
        self._input_scale, self._input_zero = entry["quantization"]
        self._output_zero = int(exit_["quantization"][1])

    @classmethod
    def load(cls, models_dir: Path | None = None, threads: int = 1) -> Embedder:
        """Load the embedder named in `manifest.toml`. Raises ModelError with what to do."""
        return cls(read_manifest("embedder", models_dir), threads)

    def embed(self, crop: Picture) -> NDArray[np.float32]:
        """`(H, W, 3) uint8` upright card of any size to a `(128,) float32` unit vector."""
        small = crop
        if crop.shape[:2] != (self._height_px, self._width_px):
            small = np.asarray(
                cv2.resize(crop, (self._width_px, self._height_px), interpolation=cv2.INTER_AREA),
                np.uint8,
            )
        self._interpreter.set_tensor(self._input, self._standardised(small)[None])
        self._interpreter.invoke()
        raw = self._interpreter.get_tensor(self._output)[0].astype(np.float32) - self._output_zero
        length = float(np.linalg.norm(raw))
        # A picture without any contrast may give all zeros: then nothing is near it.
        return np.asarray(raw / length if length > 0 else raw, np.float32)

    def _standardised(self, small: Picture) -> NDArray[np.int8]:
        """Mean 0 and deviation 0.5 over all values, clipped to -1…1, in the input's int8 code."""
        mean, deviation = cv2.meanStdDev(small.reshape(-1, 1))
        levels = np.arange(256, dtype=np.float32) - np.float32(mean[0, 0])
        scaled = np.clip(levels * (0.5 / max(float(deviation[0, 0]), _FLATTEST)), -1, 1)
        code = np.rint(scaled / self._input_scale + self._input_zero).clip(-128, 127)
        table = code.astype(np.int8).view(np.uint8)
        return np.asarray(cv2.LUT(small, table), np.uint8).view(np.int8)
