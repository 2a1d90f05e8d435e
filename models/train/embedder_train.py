"""Train the embedder on a CPU.

    python -m models.train.embedder_train --data DIR --work DIR --samples 900000

A normalised softmax over one class per artwork, with a margin that grows, plus pairs of views of
composed cards told apart within the batch. The run keeps checkpoints in the work folder and goes on
from the last one when started again.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, normalize, one_hot

from models.train.augment import Augmenter
from models.train.batches import Batches
from models.train.cards import CardPicture, build_cache, held_out_families, read_cards
from models.train.embedder_net import VECTOR_SIZE, EmbedderNet
from models.train.restore import restore
from models.train.run import follow, write_checkpoint
from models.train.standardise import standardise

MARGIN_AT_THE_END = 0.25
SCALE = 26.0
EVALUATE_EVERY_SAMPLES = 60_000


class Trainer:
    """One run: its network, class vectors, averaged copy and schedule."""

    def __init__(self, classes: int, samples: int, rate: float) -> None:
        self.net = EmbedderNet().to(memory_format=torch.channels_last)
        self.averaged = EmbedderNet().to(memory_format=torch.channels_last)
        self.averaged.load_state_dict(self.net.state_dict())
        self.proxies = torch.nn.Parameter(normalize(torch.randn(classes, VECTOR_SIZE)))
        decayed = [p for p in self.net.parameters() if p.ndim > 1]
        plain = [p for p in self.net.parameters() if p.ndim == 1]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": 0.05},
                {"params": plain, "weight_decay": 0.0},
                {"params": [self.proxies], "weight_decay": 0.0, "lr_factor": 4.0},
            ],
            lr=rate,
        )
        self.rate = rate
        self.samples = samples
        self.seen = 0

    def step(self, pictures: torch.Tensor, labels: torch.Tensor) -> float:
        """One update from `(B, 160, 112, 3) uint8` and `(B,)` labels; gives the loss."""
        progress = min(1.0, self.seen / self.samples)
        warm = min(1.0, self.seen / 15_000)
        for group in self.optimiser.param_groups:
            rate = self.rate * warm * 0.5 * (1 + math.cos(math.pi * progress)) + 1e-5
            group["lr"] = rate * group.get("lr_factor", 1.0)
        with torch.autocast("cpu", torch.bfloat16):
            vectors = self.net(standardise(pictures))
        vectors = normalize(vectors.float())
        proxies = normalize(self.proxies)
        margin = MARGIN_AT_THE_END * min(1.0, progress / 0.5)
        known = labels >= 0
        with torch.autocast("cpu", torch.bfloat16):
            cosines = (vectors @ proxies.T).float()
        target = labels[known]
        logits = cosines[known]
        logits = logits - margin * one_hot(target, len(proxies))
        loss = cross_entropy(SCALE * logits, target, reduction="sum")
        pairs = int((~known).sum()) // 2
        if pairs:
            views, clean = vectors[~known][:pairs], vectors[~known][pairs:]
            within = views @ clean.T - margin * torch.eye(pairs)
            among = torch.cat([within, cosines[~known][:pairs]], 1)
            loss = loss + cross_entropy(SCALE * among, torch.arange(pairs), reduction="sum")
        loss = loss / (len(target) + pairs)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.seen += len(pictures)
        follow(self.averaged, self.net, min(0.998, 1 - 1 / (1 + self.seen / 4000)))
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Write a checkpoint to go on from."""
        state = {
            "net": self.net.state_dict(), "averaged": self.averaged.state_dict(),
            "proxies": self.proxies.data, "optimiser": self.optimiser.state_dict(),
            "seen": self.seen,
        }  # fmt: skip
        write_checkpoint(path, state)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint that `save` wrote."""
        state = torch.load(path, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.averaged.load_state_dict(state["averaged"])
        self.proxies.data.copy_(state["proxies"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.seen = state["seen"]

    def start_from(
        self, model: Path, pixels: NDArray[np.uint8], training: NDArray[np.int64],
        labels: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Take up an exported model's weights; each class begins where its pictures lie."""
        pictures = fixed_references(pixels[training])
        typical = standardise(torch.from_numpy(pictures[:: len(pictures) // 192]))
        restore(self.net, model, typical)
        self.averaged.load_state_dict(self.net.state_dict())
        vectors = torch.from_numpy(embed_all(self.averaged, pictures))
        sums = torch.zeros_like(self.proxies.data)
        sums.index_add_(0, torch.from_numpy(labels), vectors)
        self.proxies.data.copy_(normalize(sums))


@torch.no_grad()
def embed_all(net: EmbedderNet, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """`(N, 160, 112, 3) uint8` to `(N, 128) float32` unit vectors."""
    net.eval()
    parts = []
    for start in range(0, len(pictures), 256):
        with torch.autocast("cpu", torch.bfloat16):
            batch = net(standardise(torch.from_numpy(np.array(pictures[start : start + 256]))))
        parts.append(normalize(batch.float()).numpy())
    return np.concatenate(parts)


def evaluate(
    net: EmbedderNet, references: NDArray[np.uint8], queries: dict[str, NDArray[np.uint8]],
    places: NDArray[np.int64], artworks: NDArray[np.int64], games: NDArray[np.str_],
) -> dict[str, float]:  # fmt: skip
    """Top-1 artwork of held-out cards, each against all references of its own game."""
    vectors = embed_all(net, references)
    result = {}
    for name, pictures in queries.items():
        found = embed_all(net, pictures)
        right = []
        for vector, place in zip(found, places, strict=True):
            members = np.flatnonzero(games == games[place])
            order = members[np.argsort(-(vectors[members] @ vector))[:5]]
            right.append([artworks[i] == artworks[place] for i in order])
        hits = np.array(right)
        result[f"{name}_top1"] = float(hits[:, 0].mean())
        result[f"{name}_top5"] = float(hits.any(1).mean())
    return result


def fixed_queries(
    pixels: NDArray[np.uint8], places: NDArray[np.int64], seed: int
) -> dict[str, NDArray[np.uint8]]:
    """The same corrupted views of the held-out cards at every evaluation."""
    queries = {}
    for name, strength in (("moderate", 0.5), ("hard", 0.9)):
        augment = Augmenter(pixels, seed)
        queries[name] = np.stack([augment(int(place), strength) for place in places])
    return queries


def split(cards: list[CardPicture], data: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the training cards and of the held-out cards in the cache."""
    kept = held_out_families(cards, data)
    held = np.array([card.family in kept for card in cards])
    return np.flatnonzero(~held), np.flatnonzero(held)


def main() -> None:
    """Train, evaluating and saving on the way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=900_000)
    parser.add_argument("--batch", type=int, default=192)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--strength", type=float, default=1.0, help="of the hardest views")
    parser.add_argument("--start", type=Path, metavar="TFLITE", help="model to go on from")
    parser.add_argument("--leave-out", metavar="GAME", help="a game to keep from training")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    build_cache(args.data, args.work)
    cards = read_cards(args.work)
    pixels = np.load(args.work / "pixels.npy", mmap_mode="r")
    _, artworks = np.unique([card.artwork for card in cards], return_inverse=True)
    games = np.array([card.game for card in cards])
    training, held = split(cards, args.data)
    if args.leave_out:
        training = training[games[training] != args.leave_out]
        held = np.flatnonzero(games == args.leave_out)
    _, labels = np.unique(artworks[training], return_inverse=True)
    trainer = Trainer(int(labels.max()) + 1, args.samples, args.rate)
    checkpoint = args.work / "embedder.pt"
    if checkpoint.exists():
        trainer.resume(checkpoint)
    elif args.start:
        trainer.start_from(args.start, pixels, training, labels)
    places = held[:: max(1, len(held) // 800)]
    queries = fixed_queries(pixels, places, seed=99)
    references = fixed_references(pixels)
    loader = torch.utils.data.DataLoader(
        Batches(
            str(args.work / "pixels.npy"), training, labels, args.batch, args.pairs,
            args.seed + trainer.seen, args.strength,
        ),
        batch_size=None, num_workers=1, prefetch_factor=6, multiprocessing_context="spawn",
    )  # fmt: skip
    started, loss_sum = time.monotonic(), 0.0
    first_seen = trainer.seen
    trainer.net.train()
    for steps, (pictures, target) in enumerate(loader, 1):
        loss_sum += trainer.step(pictures, target)
        if steps % 50 == 0:
            rate = (trainer.seen - first_seen) / (time.monotonic() - started)
            print(f"{trainer.seen} samples, loss {loss_sum / 50:.3f}, {rate:.0f}/s", flush=True)
            loss_sum = 0.0
        finished = trainer.seen >= args.samples
        before = (trainer.seen - args.batch) // EVALUATE_EVERY_SAMPLES
        if finished or trainer.seen // EVALUATE_EVERY_SAMPLES > before:
            trainer.save(checkpoint)
            report = evaluate(trainer.averaged, references, queries, places, artworks, games)
            print(json.dumps({"seen": trainer.seen, **report}), flush=True)
        if finished:
            break


def fixed_references(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every reference at the embedder's input size, as a catalog build sees it."""
    import cv2

    return np.stack([cv2.resize(p, (112, 160), interpolation=cv2.INTER_AREA) for p in pixels])


if __name__ == "__main__":
    main()
