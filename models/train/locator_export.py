"""Turn a trained locator into a full-int8 TFLite file (post-training, PT2E)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import litert_torch
import numpy as np
import torch
from litert_torch.quantize import pt2e_quantizer, quant_config
from torch import nn
from torchao.quantization.pt2e import quantize_pt2e

from models.train.locator_net import DeviceNet, LocatorNet


def export_int8(net: LocatorNet, frames: Iterable[np.ndarray], out: Path) -> None:
    """Write `out`; `frames` `(B, 160, 288, 3) uint8` calibrate the activations' ranges.

    The file takes `(1, 160, 288, 3) int8` (pixel - 128 up to the file's own scale).
    """
    # A fresh network: weights kept channels-last in memory would be written in the wrong order.
    plain = LocatorNet()
    plain.load_state_dict(net.state_dict())
    device: nn.Module = litert_torch.to_channel_last_io(
        DeviceNet(plain.eval()).eval(), args=[0], outputs=[0]
    )
    batches = [torch.from_numpy(batch).float() / 255 for batch in frames]
    sample = (batches[0][:1],)
    exported = torch.export.export(device, sample).module()
    quantizer = pt2e_quantizer.PT2EQuantizer().set_global(
        pt2e_quantizer.get_symmetric_quantization_config(is_per_channel=True, is_dynamic=False)
    )
    prepared = quantize_pt2e.prepare_pt2e(exported, quantizer)
    with torch.no_grad():
        for batch in batches:
            for frame in batch:
                prepared(frame[None])
    converted = quantize_pt2e.convert_pt2e(prepared, fold_quantize=False)
    model = litert_torch.convert(
        converted, sample, quant_config=quant_config.QuantConfig(pt2e_quantizer=quantizer)
    )
    model.export(str(out))
