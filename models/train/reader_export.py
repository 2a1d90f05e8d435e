"""Export the trained reader to full int8 TFLite, measure it, and write it into the manifest.

python -m models.train.reader_export --data DIR --work DIR/reader --out models/reader.tflite
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.train.manifest import write_model
from models.train.quantise import QUANTISATION, quantise
from models.train.reader_net import DeviceNet
from models.train.reader_net import ReaderNet as TrainedNet
from models.train.reader_strips import Made, StripMaker
from models.train.run import averaged
from scanner.models import ModelFile
from scanner.reader_net import LETTERS, ReaderNet, Steps, log_softmax, standardise

_CALIBRATION_STRIPS = 512
_HELD_OUT_STRIPS = 1500
_HELD_OUT_SEED = 4242
_SHARES = {"moderate": 0.5, "hard": 1.0}


def spelled(steps: Steps) -> str:
    """What the likeliest class of each step spells."""
    best = steps.argmax(axis=1)
    kept = [k for place, k in enumerate(best) if k and (place == 0 or best[place - 1] != k)]
    return "".join(LETTERS[k - 1] for k in kept)


def _measure(read: Callable[[NDArray[np.uint8]], Steps], made: list[Made]) -> float:
    """The share of strips spelled without a fault."""
    right = sum(spelled(read(strip)) == label for strip, label, _ in made)
    return round(right / len(made), 4)


def export(checkpoint: Path, data: Path, out: Path) -> None:
    """Export the averaged weights of a checkpoint, compare int8 with float on new strips."""
    torch.set_num_threads(1)
    net = averaged(TrainedNet(), checkpoint)
    maker = StripMaker(data, np.random.default_rng(78))
    strips = np.stack([standardise(maker.make()[0]) for _ in range(_CALIBRATION_STRIPS)])
    quantise(DeviceNet(net), torch.from_numpy(strips)[..., None], out)
    device = ReaderNet.open(ModelFile(out, out.stem, {}))

    def by_float(strip: NDArray[np.uint8]) -> Steps:
        with torch.no_grad():
            logits = net(torch.from_numpy(standardise(strip))[None, None])[0].numpy()
        return log_softmax(logits)

    accuracy: dict[str, float | int] = {"held_out_strips": _HELD_OUT_STRIPS}
    for name, share in _SHARES.items():
        maker = StripMaker(data, np.random.default_rng(_HELD_OUT_SEED), (share, share))
        made = [maker.make() for _ in range(_HELD_OUT_STRIPS)]
        accuracy[f"{name}_float_spelled"] = _measure(by_float, made)
        accuracy[f"{name}_int8_spelled"] = _measure(lambda s: device.read([s])[0], made)
    print(json.dumps(accuracy, indent=1))
    write_model(
        out.parent / "manifest.toml",
        "reader",
        out,
        {
            "input": "1×32×256×1 int8, grey, mean 0, two and a half deviations 1, clipped to ±1",
            "output": f"1×64×40 int8 logits: nothing new, then {LETTERS}",
            "quantisation": QUANTISATION,
            "trained_on": "drawn strips of print in open fonts; no picture of a card",
            "made_on": dt.datetime.now(dt.UTC).date().isoformat(),
            "accuracy": accuracy,
        },
    )


def main() -> None:
    """Export the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("models/train/work/reader"))
    parser.add_argument("--out", type=Path, default=Path("models/reader.tflite"))
    options = parser.parse_args()
    export(options.work / "reader.pt", options.data, options.out)


if __name__ == "__main__":
    main()
