"""A shelf of painted cards with a table of facts, and an embedder that needs no model."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.catalog.build import build_pack
from scanner.catalog.finish import BuildReport
from scanner.records import Picture

MODEL = "tiny-1"
RUNTIME = "ai-edge-litert 2.3.0"


def paint_card(seed: int, width_px: int = 112, height_px: int = 160) -> Picture:
    """Soft blobs of colour, different for each seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (8, 6, 3), dtype=np.uint8)
    large = cv2.resize(coarse, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


class TinyEmbedder:
    """Places a picture by its coarse brightness: the same picture gives the same vector.

    With `stop_after`, the person at the keyboard has had enough after so many pictures.
    """

    def __init__(
        self, model_id: str = MODEL, runtime: str = RUNTIME, stop_after: int | None = None
    ) -> None:
        self.stop_after = stop_after
        self.model_id = model_id
        self.runtime = runtime
        self.calls = 0

    def embed(self, crop: Picture) -> NDArray[np.float32]:
        if self.calls == self.stop_after:
            raise KeyboardInterrupt
        self.calls += 1
        grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
        vector = cv2.resize(grey, (8, 16), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        vector -= vector.mean()
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)


@dataclass
class Shelf:
    """A folder of pictures and the rows of its table."""

    folder: Path
    rows: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pictures.mkdir(parents=True)

    @property
    def pictures(self) -> Path:
        return self.folder / "pictures"

    @property
    def facts(self) -> Path:
        return self.folder / "facts.csv"

    def add(self, path: str, card_id: str, picture: Picture | None = None, **facts: str) -> None:
        """Add a row, and its picture's file unless `picture` is None."""
        if picture is not None:
            (self.pictures / path).parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(self.pictures / path), picture)
        row = {"path": path, "card_id": card_id, "name": f"Card {card_id}", "set": "Dawn"}
        self.rows.append({**row, "number": card_id, "variant": "", "rarity": "common", **facts})

    def fill(self, cards: int) -> None:
        """Add this many cards: c0, c1, …"""
        for index in range(cards):
            self.add(f"c{index}.png", f"c{index}", paint_card(index))

    def write_facts(self) -> Path:
        with self.facts.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(self.rows[0]))
            writer.writeheader()
            writer.writerows(self.rows)
        return self.facts

    def build(
        self,
        out: Path,
        *,
        embedder: TinyEmbedder | None = None,
        hashes_only: bool = False,
        version: str | None = "1",
        force: bool = False,
    ) -> BuildReport:
        return build_pack(
            game="demo",
            pictures=self.pictures,
            facts=self.write_facts(),
            out=out,
            embedder=None if hashes_only else embedder or TinyEmbedder(),
            version=version,
            force=force,
        )
