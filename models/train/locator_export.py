"""Export the trained locator to full int8 TFLite, measure it, and write it into the manifest.

python -m models.train.locator_export --data DIR --work DIR/locator --out models/locator.tflite
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
from torch import Tensor, nn
from torchao.quantization.pt2e import quantize_pt2e

from models.train.locator_data import Block, make_block, training_backs, training_faces
from models.train.locator_net import DeviceNet, LocatorNet, corner_errors
from models.train.manifest import write_model
from models.train.scenes import SceneMaker
from scanner.locate_net import CornerNet
from scanner.models import ModelFile

_CALIBRATION_SCENES = 256
_HELD_OUT_SCENES = 640


def quantise(net: nn.Module, frames: np.ndarray, out: Path) -> None:
    """Write `out`; `frames` `(N, H, W, C) uint8` calibrate the activations' ranges.

    The weights of `net` must lie in memory in their usual order, not channels-last. Its first
    output is turned to have the channels last.
    """
    device: nn.Module = litert_torch.to_channel_last_io(net.eval(), args=[0], outputs=[0])
    pictures = torch.from_numpy(frames).float() / 255
    sample = (pictures[:1],)
    exported = torch.export.export(device, sample).module()
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


def export(state: dict[str, object], data: Path, cache: Path, out: Path) -> None:
    """Export the averaged weights of a checkpoint, compare int8 with float on held-out scenes."""
    torch.set_num_threads(1)
    net = LocatorNet()
    net.load_state_dict(state["average"])  # type: ignore[arg-type]
    net.eval()
    faces = training_faces(data, cache, 600, 5, held_out=False)
    maker = SceneMaker(np.random.default_rng(78), faces, training_backs(data), variety=0.3)
    quantise(DeviceNet(net), make_block(maker, _CALIBRATION_SCENES)[0], out)

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
            "quantisation": "full int8, per channel, post-training (PT2E)",
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
    state = torch.load(options.work / "locator.pt", weights_only=True)
    export(state, options.data, options.cache, options.out)


if __name__ == "__main__":
    main()
