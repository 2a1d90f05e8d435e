"""Float weights of a network back from its int8 TFLite file, to go on training from it.

The file holds every layer's weights with the batch norms folded in. They are taken back in the
order in which the layers run; each batch norm is then set so that it changes nothing and yet has
the mean and variance that its layer really gives, as training goes on from there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from torch import Tensor, nn

Layer = nn.Conv2d | nn.Linear


def restore(net: nn.Module, file: Path, samples: Tensor) -> None:
    """Fill `net` with the weights of `file`; `samples` are typical inputs `(B, 3, H, W)`.

    `net` must run its layers in the order in which the exported one did. Raises SystemExit when
    the file is of another network.
    """
    folded = _weights(file)
    layers, norms = _in_running_order(net, samples[:1])
    if [tuple(layer.weight.shape) for layer in layers] != [weight.shape for weight, _ in folded]:
        raise SystemExit(f"{file} does not hold the weights of {type(net).__name__}")
    with torch.no_grad():
        for layer, norm, (weight, bias) in zip(layers, norms, folded, strict=True):
            layer.weight.copy_(torch.from_numpy(weight))
            if norm is None:
                layer.bias.copy_(torch.from_numpy(bias))  # type: ignore[union-attr]
                continue
            norm.running_mean.zero_()  # type: ignore[union-attr]
            norm.running_var.fill_(1 - norm.eps)  # type: ignore[union-attr]
            norm.weight.fill_(1)
            norm.bias.copy_(torch.from_numpy(bias))
    _take_up_statistics(net, [norm for norm in norms if norm is not None], samples)


def _weights(file: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights in PyTorch's layout and biases of each layer of the file, dequantised."""
    interpreter: Any = Interpreter(
        str(file), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    interpreter.allocate_tensors()
    details = {one["index"]: one for one in interpreter.get_tensor_details()}

    def value(index: int) -> np.ndarray:
        raw = interpreter.get_tensor(index).astype(np.float32)
        scales = details[index]["quantization_parameters"]["scales"]
        return np.asarray(raw * scales.reshape(-1, *(1,) * (raw.ndim - 1)), np.float32)

    found = []
    for op in interpreter._get_ops_details():
        if op["op_name"] not in ("CONV_2D", "FULLY_CONNECTED"):
            continue
        weight, bias = value(op["inputs"][1]), value(op["inputs"][2])
        if weight.ndim == 4:
            weight = np.ascontiguousarray(weight.transpose(0, 3, 1, 2))
        found.append((weight, bias))
    return found


def _in_running_order(
    net: nn.Module, sample: Tensor
) -> tuple[list[Layer], list[nn.BatchNorm2d | None]]:
    """The layers with weights as they run, and the batch norm after each (or None)."""
    layers: list[Layer] = []
    norms: list[nn.BatchNorm2d | None] = []

    def note(module: nn.Module, *_: object) -> None:
        if isinstance(module, nn.BatchNorm2d):
            norms[-1] = module
        elif isinstance(module, nn.Conv2d | nn.Linear):
            layers.append(module)
            norms.append(None)

    hooks = [module.register_forward_hook(note) for module in net.modules()]
    with torch.no_grad():
        net.eval()(sample)
    for hook in hooks:
        hook.remove()
    return layers, norms


def _take_up_statistics(net: nn.Module, norms: list[nn.BatchNorm2d], samples: Tensor) -> None:
    inputs: dict[int, tuple[Tensor, Tensor]] = {}

    def note(module: nn.Module, given: tuple[Tensor, ...], _: object) -> None:
        values = given[0].double()
        inputs[id(module)] = (values.mean((0, 2, 3)), values.var((0, 2, 3)))

    hooks = [norm.register_forward_hook(note) for norm in norms]
    with torch.no_grad():
        net.eval()(samples)
        for norm in norms:
            mean, variance = inputs[id(norm)]
            variance = variance.clamp_min(1e-4)
            norm.running_mean.copy_(mean)  # type: ignore[union-attr]
            norm.running_var.copy_(variance)  # type: ignore[union-attr]
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.copy_(norm.bias.double() + mean)
    for hook in hooks:
        hook.remove()
