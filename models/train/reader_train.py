"""Train the reader on a CPU and export it:

python -m models.train.reader_train --data DIR --out models/reader.tflite --minutes 28 --seed 1

Strips are drawn, nothing of a card's picture is in them; of DIR only the facts are read, for real
numbers. The same seed draws the same strips; the schedule follows the clock.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.train.reader_data import Pool, batches
from models.train.reader_export import export
from models.train.reader_net import ReaderNet, encode
from models.train.run import Pace, Run
from scanner.reader_net import CLASSES, STEPS

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


def train(options: argparse.Namespace, checkpoint: Path) -> None:
    """Train for `options.minutes` on one thread, resuming from the checkpoint."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    net = ReaderNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=0.01)
    run = Run(net, optimiser, Pace(options.minutes, options.rate, 200, 0.998), checkpoint)
    seed = run.seed(options.seed)
    pool = Pool(batches(options.data, seed, options.workers), np.random.default_rng(seed))
    while run.goes_on:
        strips, labels, targets = pool.batch()
        batch = torch.from_numpy(strips).contiguous(memory_format=torch.channels_last)
        loss = loss_of(net, batch, labels, torch.from_numpy(targets))
        run.step(loss, {"loss": loss.item()})


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
    checkpoint = options.work / "reader.pt"
    train(options, checkpoint)
    export(checkpoint, options.data, options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
