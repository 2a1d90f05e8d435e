"""Train the reader on a CPU and export it:

python -m models.train.reader_train --data DIR --out models/reader.tflite --minutes 28 --seed 1

Strips are drawn, nothing of a card's picture is in them; of DIR only the facts are read, for real
numbers. The same seed draws the same strips; the schedule follows the clock.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections import deque
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.train.reader_data import Pool, batches
from models.train.reader_export import export
from models.train.reader_net import ReaderNet, encode
from scanner.reader_net import CLASSES, STEPS

_KEEP = 0.998
_SAVE_EVERY_S = 60.0
_weights = torch.ones(CLASSES)
_weights[0] = 0.2


def loss_of(net: ReaderNet, strips: Tensor, labels: list[str], targets: Tensor) -> Tensor:
    """CTC loss per letter, averaged over the batch; strips that say nothing count as well.

    The letters' places are known, so each step is told its class besides: CTC alone needs
    thousands of batches before it says anything but "nothing new".
    """
    with torch.autocast("cpu", torch.bfloat16):
        logits = net(strips)
    steps = logits.float().log_softmax(2).transpose(0, 1)
    flat, lengths = encode(labels)
    inputs = torch.full((len(labels),), STEPS, dtype=torch.long)
    losses = nn.functional.ctc_loss(
        steps, flat, inputs, lengths, reduction="none", zero_infinity=True
    )
    placed = nn.functional.cross_entropy(
        logits.float().flatten(0, 1), targets.flatten(), _weights, ignore_index=-1
    )
    return (losses / lengths.clamp(min=4)).mean() + placed


def train(options: argparse.Namespace) -> None:
    """Train for `options.minutes` on one thread, resuming from the checkpoint in `options.work`."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    net = ReaderNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=0.01)
    step, spent_s = 0, 0.0
    saved = options.work / "reader.pt"
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent_s = state["step"], state["spent_s"]
    seed = options.seed + 7919 * step
    pool = Pool(batches(options.data, seed, options.workers), np.random.default_rng(seed))
    last = last_saved = time.monotonic()
    recent: deque[float] = deque(maxlen=50)
    while spent_s < options.minutes * 60:
        strips, labels, targets = pool.batch()
        share = spent_s / (options.minutes * 60)
        falling = 0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(1.0, (step + 1) / 200) * falling
        batch = torch.from_numpy(strips).contiguous(memory_format=torch.channels_last)
        loss = loss_of(net, batch, labels, torch.from_numpy(targets))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        step += 1
        _average(average, net, min(_KEEP, (1 + step) / (20 + step)))
        now = time.monotonic()
        spent_s, last = spent_s + now - last, now
        recent.append(loss.item())
        if step % 50 == 0:
            loss_now = sum(recent) / len(recent)
            print(f"{spent_s / 60:6.1f} min, step {step}: loss {loss_now:.3f}", flush=True)
        if now - last_saved > _SAVE_EVERY_S:
            _save(saved, net, average, optimiser, step, spent_s)
            last_saved = now
    _save(saved, net, average, optimiser, step, spent_s)


def _average(average: ReaderNet, net: ReaderNet, keep: float) -> None:
    with torch.no_grad():
        for slow, fast in zip(
            average.state_dict().values(), net.state_dict().values(), strict=True
        ):
            if slow.dtype.is_floating_point:
                slow.lerp_(fast, 1 - keep)
            else:
                slow.copy_(fast)


def _save(
    path: Path, net: ReaderNet, average: ReaderNet, optimiser: torch.optim.Optimizer, step: int,
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
    parser = argparse.ArgumentParser(description="Train the reader and export it to TFLite.")
    parser.add_argument("--data", type=Path, required=True, help="folder with facts")
    parser.add_argument("--out", type=Path, default=Path("models/reader.tflite"))
    parser.add_argument("--work", type=Path, default=Path("models/train/work/reader"))
    parser.add_argument("--minutes", type=float, default=28.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2.5e-3, help="peak learning rate")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw strips")
    options = parser.parse_args()
    train(options)
    state = torch.load(options.work / "reader.pt", weights_only=True)
    export(state, options.data, options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
