"""Export the trained edge net to full int8 TFLite, measure it, and write it into the manifest.

python -m models.train.edges_export --data DIR --work DIR/edges --out models/edges.tflite
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path

import numpy as np
import torch

from models.train.edges_data import SCALE, make_strips, originals
from models.train.edges_net import EdgeNet
from models.train.locator_data import training_backs, training_faces
from models.train.manifest import write_model
from models.train.quantise import QUANTISATION, quantise_pictures
from models.train.run import averaged
from models.train.scenes import SceneMaker
from scanner.locate_lines import EdgeFinder
from scanner.locate_strips import BINS, COLUMN_SHARE
from scanner.models import ModelFile

_CALIBRATION_STRIPS, _HELD_OUT_STRIPS = 128, 400


def _maker(data: Path, cache: Path, seed: int, *, held_out: bool) -> SceneMaker:
    faces = training_faces(data, cache, 200, seed, held_out=held_out)
    large = originals(data, cache, 200, seed, held_out=held_out)
    backs = [] if held_out else training_backs(data)
    rng = np.random.default_rng(seed)
    return SceneMaker(rng, faces, backs, scale=SCALE, large=large, variety=0.2)


def _measure(logits: np.ndarray, offsets: np.ndarray) -> dict[str, float]:
    """How far the likeliest column lies from the truth, in % of the card's width."""
    columns = logits.reshape(len(offsets), 4 * BINS, -1).argmax(axis=2)
    miss = np.abs(COLUMN_SHARE[columns] - offsets)[np.isfinite(offsets)] * 100
    return {f"percent_p{at}": round(float(np.percentile(miss, at)), 3) for at in (50, 90, 99)}


def export(checkpoint: Path, data: Path, cache: Path, out: Path) -> None:
    """Export the averaged weights of a checkpoint, compare int8 with float on held-out scenes."""
    torch.set_num_threads(1)
    net = averaged(EdgeNet(), checkpoint)
    maker = _maker(data, cache, 78, held_out=False)
    strips, _ = make_strips(np.random.default_rng(78), maker, _CALIBRATION_STRIPS)
    quantise_pictures(net, torch.from_numpy(strips).float() / 255, out)
    maker = _maker(data, cache, 77, held_out=True)
    strips, offsets = make_strips(np.random.default_rng(77), maker, _HELD_OUT_STRIPS)
    with torch.no_grad():
        by_float = [
            net(torch.from_numpy(one).permute(2, 0, 1)[None].float() / 255)[0, 0].numpy()
            for one in strips
        ]
    device = EdgeFinder.open(ModelFile(out, out.stem, {}))
    by_int8 = [device.run(one) for one in strips]
    accuracy: dict[str, float | int] = {"held_out_strips": _HELD_OUT_STRIPS}
    for name, logits in (("float", by_float), ("int8", by_int8)):
        accuracy |= {f"{name}_{k}": v for k, v in _measure(np.array(logits), offsets).items()}
    print(json.dumps(accuracy, indent=1))
    write_model(
        out.parent / "manifest.toml",
        "edges",
        out,
        {
            "input": "1×256×48×6 int8: strips of the frame along a card's four edges, and their "
            "detail enhanced (scanner/locate_strips.py)",
            "output": "1×32×48×1 int8 logits: in which column the paper ends, 8 places an edge",
            "quantisation": QUANTISATION,
            "trained_on": "scenes rendered from reference pictures of 5 games (split by card "
            "family), drawn faces and backs, and half of the real photos of backs",
            "made_on": dt.datetime.now(dt.UTC).date().isoformat(),
            "accuracy": accuracy,
        },
    )


def main() -> None:
    """Export the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("models/train/work"))
    parser.add_argument("--work", type=Path, default=Path("models/train/work/edges"))
    parser.add_argument("--out", type=Path, default=Path("models/edges.tflite"))
    options = parser.parse_args()
    export(options.work / "edges.pt", options.data, options.cache, options.out)


if __name__ == "__main__":
    main()
