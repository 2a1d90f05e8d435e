"""Train the edge net on a CPU and export it:

python -m models.train.edges_train --data DIR --out models/edges.tflite --minutes 40 --seed 1

Works as `locator_train` does: a killed run goes on from its last checkpoint in `--work`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.train.edges_data import BLOCK, Block, strip_blocks
from models.train.edges_export import export
from models.train.edges_net import EdgeNet, edge_loss
from models.train.run import Pace, Run

_BATCH = 32
_POOL_BLOCKS = 120
_USES = 3.0


class _Pool:
    """The last blocks of strips; each is used `_USES` times on average."""

    def __init__(self, stream: Any, rng: np.random.Generator) -> None:
        self._stream, self._rng = stream, rng
        self._held: list[Block] = []
        self._due = 0.0

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Strips `(B, 6, 256, 48)` in 0…1 and offsets `(B, 32)`."""
        self._due += _BATCH / BLOCK / _USES
        while self._due > 0 or len(self._held) < 8:
            self._held.append(next(self._stream))
            self._due -= 1
        self._held = self._held[-_POOL_BLOCKS:]
        which = self._rng.integers(0, len(self._held), _BATCH)
        inside = self._rng.integers(0, BLOCK, _BATCH)
        places = list(zip(which, inside, strict=True))
        strips = np.stack([self._held[block][0][row] for block, row in places])
        offsets = np.stack([self._held[block][1][row] for block, row in places])
        if self._rng.random() < 0.2:
            order = self._rng.permutation(3)
            strips = strips[..., np.concatenate([order, order + 3])]
        pictures = torch.from_numpy(strips).permute(0, 3, 1, 2)
        pictures = pictures.contiguous(memory_format=torch.channels_last).float().div_(255)
        return pictures, torch.from_numpy(offsets)


def train(options: argparse.Namespace, checkpoint: Path) -> None:
    """Train for `options.minutes` on one thread, resuming from the checkpoint."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    net = EdgeNet().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=0.01)
    run = Run(net, optimiser, Pace(options.minutes, options.rate, 100, 0.995), checkpoint)
    seed = run.seed(options.seed)
    pool = _Pool(strip_blocks(options.data, options.cache, seed), np.random.default_rng(seed))
    while run.goes_on:
        strips, offsets = pool.batch()
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(strips)
        run.step(*edge_loss(logits, offsets))


def main() -> None:
    """Train, export to int8, measure, and write the manifest."""
    parser = argparse.ArgumentParser(description="Train the edge net and export it to TFLite.")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with cards.csv, photos.csv"
    )
    parser.add_argument("--out", type=Path, default=Path("models/edges.tflite"))
    parser.add_argument("--work", type=Path, default=Path("models/train/work/edges"))
    parser.add_argument("--cache", type=Path, default=Path("models/train/work"))
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=3e-3, help="peak learning rate")
    options = parser.parse_args()
    checkpoint = options.work / "edges.pt"
    train(options, checkpoint)
    export(checkpoint, options.data, options.cache, options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
