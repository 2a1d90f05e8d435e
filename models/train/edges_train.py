"""Train the edge net on a CPU and export it:

python -m models.train.edges_train --data DIR --out models/edges.tflite --minutes 40 --seed 1

Works as `locator_train` does: a killed run goes on from its last checkpoint in `--work`.
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

from models.train.edges_data import BLOCK, Block, strip_blocks
from models.train.edges_export import export
from models.train.edges_net import EdgeNet, edge_loss
from models.train.locator_train import _average

_BATCH = 32
_POOL_BLOCKS = 120
_USES = 3.0
_KEEP = 0.995
_SAVE_EVERY_S = 60.0


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


def train(options: argparse.Namespace) -> None:
    """Train for `options.minutes` on one thread, resuming from the checkpoint in `options.work`."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    net = EdgeNet().to(memory_format=torch.channels_last)
    average = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=0.01)
    step, spent_s, resumed = 0, 0.0, 0
    saved = options.work / "edges.pt"
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent_s, resumed = state["step"], state["spent_s"], state["step"]
    seed = options.seed + 7919 * resumed
    pool = _Pool(strip_blocks(options.data, options.cache, seed), np.random.default_rng(seed))
    pool.batch()
    last, last_saved = time.monotonic(), time.monotonic()
    sums: dict[str, float] = {}
    while spent_s < options.minutes * 60:
        share = (1 + math.cos(math.pi * spent_s / (options.minutes * 60))) / 2
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(1, (step + 1) / 100) * (0.01 + 0.99 * share)
        strips, offsets = pool.batch()
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(strips)
        loss, parts = edge_loss(logits, offsets)
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
            print(f"{spent_s / 60:6.1f} min, step {step}: {shown}", flush=True)
        if now - last_saved > _SAVE_EVERY_S or spent_s >= options.minutes * 60:
            _save(saved, net, average, optimiser, step, spent_s)
            last_saved = now


def _save(
    path: Path, net: EdgeNet, average: EdgeNet, optimiser: torch.optim.Optimizer, step: int,
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
    train(options)
    state = torch.load(options.work / "edges.pt", weights_only=True)
    export(state, options.data, options.cache, options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
