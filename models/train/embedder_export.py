"""Export the trained embedder to full int8 TFLite, measure it, and write it into the manifest.

python -m models.train.embedder_export --data DIR --work DIR --out models/embedder.tflite
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path
from typing import Any

import litert_torch
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from models.train.augment import Augmenter
from models.train.cards import read_cards
from models.train.embedder_net import EmbedderNet
from models.train.embedder_train import embed_all, fixed_queries, fixed_references, split
from models.train.manifest import write_model
from models.train.quantise import QUANTISATION, quantise
from models.train.standardise import standardise

CALIBRATION_PICTURES = 256


def _as_input(pictures: NDArray[np.uint8]) -> torch.Tensor:
    """`(N, 160, 112, 3) uint8` as the net on the device gets them."""
    return standardise(torch.from_numpy(pictures)).permute(0, 2, 3, 1).contiguous()


class Int8Net:
    """Runs the exported file over many pictures, as `scanner.embed` does over one."""

    def __init__(self, path: Path) -> None:
        self._interpreter: Any = Interpreter(model_path=str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        self.entry = self._interpreter.get_input_details()[0]
        self.exit = self._interpreter.get_output_details()[0]

    def embed(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`(N, 160, 112, 3) uint8` to `(N, 128) float32` unit vectors."""
        vectors = np.empty((len(pictures), 128), np.float32)
        for index, picture in enumerate(pictures):
            values = _as_input(np.array(picture[None])).numpy()
            scale, zero = self.entry["quantization"]
            if self.entry["dtype"] == np.int8:
                values = np.rint(values / scale + zero).clip(-128, 127).astype(np.int8)
            self._interpreter.set_tensor(self.entry["index"], values)
            self._interpreter.invoke()
            raw = self._interpreter.get_tensor(self.exit["index"])[0].astype(np.float32)
            raw = raw - self.exit["quantization"][1]
            vectors[index] = raw / max(float(np.linalg.norm(raw)), 1e-9)
        return vectors


def top1(
    references: NDArray[np.float32], found: NDArray[np.float32], places: NDArray[np.int64],
    artworks: NDArray[np.int64], games: NDArray[np.str_],
) -> tuple[float, float]:  # fmt: skip
    """Share of queries whose artwork is first, and among the first eight, within its game."""
    first = among = 0
    for vector, place in zip(found, places, strict=True):
        members = np.flatnonzero(games == games[place])
        order = members[np.argsort(-(references[members] @ vector))[:8]]
        hits = artworks[order] == artworks[place]
        first += bool(hits[0])
        among += bool(hits.any())
    return first / len(places), among / len(places)


def main() -> None:
    """Export, measure and describe the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("models/embedder.tflite"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(args.work / "embedder.pt", weights_only=True)
    net = EmbedderNet()
    net.load_state_dict(state["averaged"])
    cards = read_cards(args.work)
    pixels = np.load(args.work / "pixels.npy", mmap_mode="r")
    training, held = split(cards, args.data)
    rng = np.random.default_rng(5)
    augment = Augmenter(pixels, 5)
    chosen = rng.choice(training, CALIBRATION_PICTURES, replace=False)
    calibration = np.stack([augment(int(i), float(rng.uniform(0.05, 0.8))) for i in chosen])
    device = litert_torch.to_channel_last_io(net.eval(), args=[0])
    quantise(device, _as_input(calibration), args.out)
    _, artworks = np.unique([card.artwork for card in cards], return_inverse=True)
    games = np.array([card.game for card in cards])
    references = fixed_references(pixels)
    queries = fixed_queries(pixels, held, seed=77)
    int8 = Int8Net(args.out)
    float_references = embed_all(net, references)
    int8_references = int8.embed(references)
    cosines = (float_references * int8_references).sum(1)
    accuracy: dict[str, float | int] = {
        "held_out_pictures": len(held),
        "references": len(cards),
        "int8_to_float_cosine_mean": round(float(cosines.mean()), 4),
        "int8_to_float_cosine_least": round(float(cosines.min()), 4),
    }
    for name, pictures in queries.items():
        for kind, vectors, found in (
            ("float", float_references, embed_all(net, pictures)),
            ("int8", int8_references, int8.embed(pictures)),
        ):
            first, among = top1(vectors, found, held, artworks, games)
            accuracy[f"{name}_{kind}_top1"] = round(first, 4)
            accuracy[f"{name}_{kind}_top8"] = round(among, 4)
    print(json.dumps(accuracy, indent=1))
    write_model(
        args.out.parent / "manifest.toml",
        "embedder",
        args.out,
        {
            "input": "1×160×112×3 int8, B G R, mean 0 and deviation 0.5 a picture, clipped to ±1",
            "output": "1×128 int8, to be scaled to unit length",
            "quantisation": QUANTISATION,
            "trained_on": f"{len(training)} reference pictures of 5 games, "
            f"{state['seen']} augmented views; split by card family",
            "made_on": dt.datetime.now(dt.UTC).date().isoformat(),
            "samples": int(state["seen"]),
            "accuracy": accuracy,
        },
    )


if __name__ == "__main__":
    main()
