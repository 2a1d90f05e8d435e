"""Export the trained locator to full int8 TFLite, measure it, and write it into the manifest.

python -m models.train.locator_export --data DIR --work DIR/locator --out models/locator.tflite
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.train.locator_data import Block, make_block, training_backs, training_faces
from models.train.locator_net import DeviceNet, LocatorNet, corner_errors
from models.train.manifest import write_model
from models.train.quantise import QUANTISATION, quantise_pictures
from models.train.run import averaged
from models.train.scenes import SceneMaker
from scanner.locate_net import CornerNet
from scanner.models import ModelFile

_CALIBRATION_SCENES = 256
_HELD_OUT_SCENES = 640


def _measure(run: Callable[[np.ndarray], tuple[Tensor, Tensor]], held: Block) -> dict[str, float]:
    """Corner errors in input pixels and the share of views told right."""
    frames, views, quads, _ = held
    errors, right = [], 0
    for index in range(len(frames)):
        maps, view = run(frames[index])
        errors.append(corner_errors(maps, torch.from_numpy(quads[index : index + 1])))
        right += int(view.argmax() == views[index])
    all_errors = torch.cat(errors).numpy()
    return {
        "corner_px_p50": round(float(np.percentile(all_errors, 50)), 3),
        "corner_px_p99": round(float(np.percentile(all_errors, 99)), 2),
        "view": round(right / len(frames), 4),
    }


def export(checkpoint: Path, data: Path, cache: Path, out: Path) -> None:
    """Export the averaged weights of a checkpoint, compare int8 with float on held-out scenes."""
    torch.set_num_threads(1)
    net = averaged(LocatorNet(), checkpoint)
    faces = training_faces(data, cache, 600, 5, held_out=False)
    maker = SceneMaker(np.random.default_rng(78), faces, training_backs(data), variety=0.3)
    frames = torch.from_numpy(make_block(maker, _CALIBRATION_SCENES)[0]).float() / 255
    quantise_pictures(DeviceNet(net), frames, out)

    def by_float(frame: np.ndarray) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            maps, _, view = net(torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 255)
        return maps, view[0]

    device = CornerNet.open(ModelFile(out, out.stem, {}))

    def by_int8(frame: np.ndarray) -> tuple[Tensor, Tensor]:
        maps, view = device.run(frame)
        return torch.from_numpy(maps[None].copy()), torch.from_numpy(view)

    faces = training_faces(data, cache, 600, 5, held_out=True)
    held = make_block(SceneMaker(np.random.default_rng(77), faces, variety=0.3), _HELD_OUT_SCENES)
    accuracy: dict[str, float | int] = {"held_out_scenes": _HELD_OUT_SCENES}
    for name, run in (("float", by_float), ("int8", by_int8)):
        accuracy |= {f"{name}_{key}": value for key, value in _measure(run, held).items()}
    print(json.dumps(accuracy, indent=1))
    write_model(
        out.parent / "manifest.toml",
        "locator",
        out,
        {
            "input": "1×160×288×3 int8, B G R in 0…1, the frame shrunk into 276×148 at its middle",
            "output": "1×40×72×2 int8 corner logits; 1×4 int8 logits: nothing, card, several, back",
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
    parser.add_argument("--work", type=Path, default=Path("models/train/work/locator"))
    parser.add_argument("--out", type=Path, default=Path("models/locator.tflite"))
    options = parser.parse_args()
    export(options.work / "locator.pt", options.data, options.cache, options.out)


if __name__ == "__main__":
    main()
