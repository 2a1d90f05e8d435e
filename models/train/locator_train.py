"""Train the locator on a CPU and export it:

python -m models.train.locator_train --data DIR --out models/locator.tflite --minutes 45 --seed 1

Checkpoints go to `--work` (outside of git); a killed run goes on from the last one. The same seed
renders the same scenes in the same order; the schedule follows the clock, so a faster machine
sees more of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.train.locator_data import BLOCK, Block, blocks, make_block, training_faces
from models.train.locator_export import export
from models.train.locator_net import DeviceNet, LocatorNet, locator_loss
from models.train.restore import restore
from models.train.run import Pace, Run, averaged
from models.train.scenes import SceneMaker

_BATCH = 32
_POOL_BLOCKS = 24
_USES = 3.0


class Pool:
    """The last blocks of scenes; each is used `_USES` times on average, turned or mirrored."""

    def __init__(self, stream: Any, rng: np.random.Generator) -> None:
        self._stream, self._rng = stream, rng
        self._held: list[Block] = []
        self._due = 0.0

    def batch(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Frames `(B, 3, 160, 288)` in 0…1, views, quads and card shares."""
        self._due += _BATCH / BLOCK / _USES
        while self._due > 0 or len(self._held) < 4:
            self._held.append(next(self._stream))
            self._due -= 1
        self._held = self._held[-_POOL_BLOCKS:]
        which = self._rng.integers(0, len(self._held), _BATCH)
        inside = self._rng.integers(0, BLOCK, _BATCH)
        frames, views, quads, masks = (
            np.stack(
                [self._held[block][part][row] for block, row in zip(which, inside, strict=True)]
            )
            for part in range(4)
        )
        for row in range(_BATCH):
            self._turn(frames[row], quads[row], masks[row])
        picture = torch.from_numpy(frames).permute(0, 3, 1, 2)
        picture = picture.contiguous(memory_format=torch.channels_last).float().div_(255)
        return picture, torch.from_numpy(views), torch.from_numpy(quads), torch.from_numpy(masks)

    def _turn(self, frame: np.ndarray, quads: np.ndarray, mask: np.ndarray) -> None:
        """Mirror left to right and top to bottom by chance; in place."""
        height, width = frame.shape[:2]
        if self._rng.random() < 0.5:
            frame[:], mask[:] = frame[:, ::-1].copy(), mask[:, ::-1].copy()
            quads[..., 0] = width - 1 - quads[..., 0]
            quads[:] = quads[:, [1, 0, 3, 2]]  # clockwise again, a short edge first
        if self._rng.random() < 0.5:
            frame[:], mask[:] = frame[::-1].copy(), mask[::-1].copy()
            quads[..., 1] = height - 1 - quads[..., 1]
            quads[:] = quads[:, [1, 0, 3, 2]]
        if self._rng.random() < 0.1:
            frame[:] = frame[..., self._rng.permutation(3)]


def train(options: argparse.Namespace, checkpoint: Path) -> None:
    """Train for `options.minutes` on one thread, resuming from the checkpoint."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    net = LocatorNet().to(memory_format=torch.channels_last)
    if options.start and options.start.suffix == ".tflite":
        _restore(net, options)
    elif options.start:
        averaged(net, options.start).train()
    heavy = [p for p in net.parameters() if p.ndim > 1]
    light = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": heavy, "weight_decay": 0.02}, {"params": light, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=options.rate)
    run = Run(net, optimiser, Pace(options.minutes, options.rate, 150, 0.997), checkpoint)
    seed = run.seed(options.seed)
    pool = Pool(blocks(options.data, options.cache, seed), np.random.default_rng(seed))
    while run.goes_on:
        frames, views, quads, masks = pool.batch()
        with torch.autocast("cpu", torch.bfloat16):
            outputs = net(frames)
        run.step(*locator_loss(outputs, views, quads, masks))


def _restore(net: LocatorNet, options: argparse.Namespace) -> None:
    """Take the weights of a shipped model; the mask, which it lacks, is learned anew."""
    faces = training_faces(options.data, options.cache, 300, options.seed, held_out=False)
    maker = SceneMaker(np.random.default_rng(options.seed), faces)
    frames = torch.from_numpy(make_block(maker, 192)[0]).permute(0, 3, 1, 2)
    restore(DeviceNet(net), options.start, frames.float() / 255)
    net.train()


def main() -> None:
    """Train, export to int8, measure, and write the manifest."""
    parser = argparse.ArgumentParser(description="Train the locator and export it to TFLite.")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with cards.csv, photos.csv"
    )
    parser.add_argument("--out", type=Path, default=Path("models/locator.tflite"))
    parser.add_argument("--work", type=Path, default=Path("models/train/work/locator"))
    parser.add_argument("--cache", type=Path, default=Path("models/train/work"))
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2.5e-3, help="peak learning rate")
    parser.add_argument("--start", type=Path, help="checkpoint or shipped .tflite to start from")
    options = parser.parse_args()
    checkpoint = options.work / "locator.pt"
    train(options, checkpoint)
    export(checkpoint, options.data, options.cache, options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
