"""A trained net as a full int8 TFLite file, per channel, after training (PT2E)."""

from __future__ import annotations

from pathlib import Path

import litert_torch
import torch
from litert_torch.quantize import pt2e_quantizer, quant_config
from torch import Tensor, nn
from torchao.quantization.pt2e import quantize_pt2e

QUANTISATION = "full int8, per channel, post-training (PT2E)"


def quantise(device: nn.Module, samples: Tensor, out: Path) -> None:
    """Write `out`; `samples` `(N, …)`, as the net on the device gets them, calibrate the ranges.

    The weights must lie in memory in their usual order, not channels-last.
    """
    sample = (samples[:1],)
    exported = torch.export.export(device.eval(), sample).module()
    quantizer = pt2e_quantizer.PT2EQuantizer().set_global(
        pt2e_quantizer.get_symmetric_quantization_config(is_per_channel=True, is_dynamic=False)
    )
    prepared = quantize_pt2e.prepare_pt2e(exported, quantizer)
    with torch.no_grad():
        for one in samples:
            prepared(one[None])
    converted = quantize_pt2e.convert_pt2e(prepared, fold_quantize=False)
    model = litert_torch.convert(
        converted, sample, quant_config=quant_config.QuantConfig(pt2e_quantizer=quantizer)
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    model.export(str(out))


def quantise_pictures(net: nn.Module, frames: Tensor, out: Path) -> None:
    """As `quantise`, of a net for `(N, H, W, C)` pictures that is written for channels first.

    Its first output is turned to have the channels last.
    """
    quantise(litert_torch.to_channel_last_io(net.eval(), args=[0], outputs=[0]), frames, out)
