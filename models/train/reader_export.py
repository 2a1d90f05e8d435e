"""Export the trained reader to full int8 TFLite, measure it, and write it into the manifest.

python -m models.train.reader_export --data DIR --work DIR/reader --out models/reader.tflite
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import litert_torch
import numpy as np
import torch
from litert_torch.quantize import pt2e_quantizer, quant_config
from numpy.typing import NDArray
from torchao.quantization.pt2e import quantize_pt2e

from models.train.manifest import write_model
from models.train.reader_net import DeviceNet
from models.train.reader_net import ReaderNet as TrainedNet
from models.train.reader_strips import Made, StripMaker
from scanner.models import ModelFile
from scanner.reader_net import LETTERS, ReaderNet, Steps, log_softmax, standardise

_CALIBRATION_STRIPS = 512
_HELD_OUT_STRIPS = 1500
_HELD_OUT_SEED = 4242
_SHARES = {"moderate": 0.5, "hard": 1.0}


def quantise(net: TrainedNet, strips: NDArray[np.float32], out: Path) -> None:
    """Write `out`; standardised strips `(N, 32, 256)` calibrate the activations' ranges."""
    # A fresh network: weights kept channels-last in memory would be written in the wrong order.
    plain = TrainedNet()
    plain.load_state_dict(net.state_dict())
    pictures = torch.from_numpy(strips)[..., None]
    sample = (pictures[:1],)
    exported = torch.export.export(DeviceNet(plain.eval()).eval(), sample).module()
    quantizer = pt2e_quantizer.PT2EQuantizer().set_global(
        pt2e_quantizer.get_symmetric_quantization_config(is_per_channel=True, is_dynamic=False)
    )
    prepared = quantize_pt2e.prepare_pt2e(exported, quantizer)
    with torch.no_grad():
        for picture in pictures:
            prepared(picture[None])
    converted = quantize_pt2e.convert_pt2e(prepared, fold_quantize=False)
    model = litert_torch.convert(
        converted, sample, quant_config=quant_config.QuantConfig(pt2e_quantizer=quantizer)
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    model.export(str(out))


def spelled(steps: Steps) -> str:
    """What the likeliest class of each step spells."""
    best = steps.argmax(axis=1)
    kept = [k for place, k in enumerate(best) if k and (place == 0 or best[place - 1] != k)]
    return "".join(LETTERS[k - 1] for k in kept)


def _measure(read: Callable[[NDArray[np.uint8]], Steps], made: list[Made]) -> float:
    """The share of strips spelled without a fault."""
    right = sum(spelled(read(strip)) == label for strip, label, _ in made)
    return round(right / len(made), 4)


def export(state: dict[str, object], data: Path, out: Path) -> None:
    """Export the averaged weights of a checkpoint, compare int8 with float on new strips."""
    torch.set_num_threads(1)
    net = TrainedNet()
    net.load_state_dict(state["average"])  # type: ignore[arg-type]
    net.eval()
    maker = StripMaker(data, np.random.default_rng(78))
    strips = np.stack([standardise(maker.make()[0]) for _ in range(_CALIBRATION_STRIPS)])
    quantise(net, strips, out)
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
            "quantisation": "full int8, per channel, post-training (PT2E)",
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
    state = torch.load(options.work / "reader.pt", weights_only=True)
    export(state, options.data, options.out)


if __name__ == "__main__":
    main()
