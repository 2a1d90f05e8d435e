"""Train the locator on a CPU and export it:

python -m models.train.locator_train --data DIR --out models/locator.tflite --minutes 45 --seed 1

Checkpoints go to `--work` (outside of git); a killed run goes on from the last one. The same seed
renders the same scenes in the same order; the schedule follows the clock, so a faster machine
sees more of them.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.train.locator_data import BLOCK, Block, blocks, make_block, training_faces
from models.train.locator_export import export
from models.train.locator_net import DeviceNet, LocatorNet, locator_loss
from models.train.restore import restore
from models.train.scenes import SceneMaker

_BATCH = 32
_POOL_BLOCKS = 24
_USES = 3.0
_KEEP = 0.997
_SAVE_EVERY_S = 120.0


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


def train(options: argparse.Namespace) -> None:
    """Train for `options.minutes` on one thread, resuming from the checkpoint in `options.work`."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    net = LocatorNet().to(memory_format=torch.channels_last)
    if options.start and options.start.suffix == ".tflite":
        _restore(net, options)
    elif options.start:
        net.load_state_dict(torch.load(options.start, weights_only=True)["average"])
    average = copy.deepcopy(net).eval()
    heavy = [p for p in net.parameters() if p.ndim > 1]
    light = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": heavy, "weight_decay": 0.02}, {"params": light, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=options.rate)
    step, spent_s, resumed = 0, 0.0, 0
    saved = options.work / "locator.pt"
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent_s, resumed = state["step"], state["spent_s"], state["step"]
    seed = options.seed + 7919 * resumed
    pool = Pool(blocks(options.data, options.cache, seed), np.random.default_rng(seed))
    last, last_saved = time.monotonic(), time.monotonic()
    sums: dict[str, float] = {}
    while spent_s < options.minutes * 60:
        share = spent_s / (options.minutes * 60)
        rate = (
            options.rate
            * min(1, (step + 1) / 150)
            * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)
        )
        for group in optimiser.param_groups:
            group["lr"] = rate
        frames, views, quads, masks = pool.batch()
        with torch.autocast("cpu", torch.bfloat16):
            outputs = net(frames)
        loss, parts = locator_loss(outputs, views, quads, masks)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        step += 1
        _average(average, net, min(_KEEP, (1 + step - resumed) / (20 + step - resumed)))
        now = time.monotonic()
        spent_s, last = spent_s + now - last, now
        for key, value in parts.items():
            sums[key] = sums.get(key, 0.0) * 0.98 + value * 0.02
        if step % 50 == 0:
            known = 1 - 0.98 ** (step - resumed)
            shown = " ".join(f"{key} {value / known:.3f}" for key, value in sums.items())
            print(f"{spent_s / 60:6.1f} min, step {step}, rate {rate:.5f}: {shown}", flush=True)
        if now - last_saved > _SAVE_EVERY_S:
            _save(saved, net, average, optimiser, step, spent_s)
            last_saved = now
    _save(saved, net, average, optimiser, step, spent_s)


def _restore(net: LocatorNet, options: argparse.Namespace) -> None:
    """Take the weights of a shipped model; the mask, which it lacks, is learned anew."""
    faces = training_faces(options.data, options.cache, 300, options.seed, held_out=False)
    maker = SceneMaker(np.random.default_rng(options.seed), faces)
    frames = torch.from_numpy(make_block(maker, 192)[0]).permute(0, 3, 1, 2)
    restore(DeviceNet(net), options.start, frames.float() / 255)
    net.train()


def _average(average: LocatorNet, net: LocatorNet, keep: float) -> None:
    with torch.no_grad():
        for slow, fast in zip(
            average.state_dict().values(), net.state_dict().values(), strict=True
        ):
            if slow.dtype.is_floating_point:
                slow.lerp_(fast, 1 - keep)
            else:
                slow.copy_(fast)


def _save(
    path: Path, net: LocatorNet, average: LocatorNet, optimiser: torch.optim.Optimizer, step: int,
    spent_s: float,
) -> None:  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "net": net.state_dict(),
        "average": average.state_dict(),
        "optimiser": optimiser.state_dict(),
        "step": step,
        "spent_s": spent_s,
    }
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").rename(path)


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
    train(options)
    state = torch.load(options.work / "locator.pt", weights_only=True)
    export(state, options.data, options.cache, options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
