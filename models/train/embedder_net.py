"""The embedder's network: plain 3×3 convolutions, quick to train on a CPU and quick in int8."""

from __future__ import annotations

import torch
from torch import nn

VECTOR_SIZE = 128


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _block(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.second(self.first(x)))


class EmbedderNet(nn.Module):
    """`(B, 3, 160, 112)` pictures in -1…1 to `(B, 128)` vectors, not yet of unit length.

    Four stride-2 stages, a residual pair in each of the two deepest, a 1×1 reduction, and one dense
    layer over the remaining 10×7 map: where something is on a card matters as much as what it is.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (24, 48, 96, 160)) -> None:
        super().__init__()
        one, two, three, four = widths
        self.features = nn.Sequential(
            _block(3, one, 2),
            _block(one, two, 2),
            _block(two, three, 2),
            _Residual(three),
            _block(three, four, 2),
            _Residual(four),
            nn.Conv2d(four, VECTOR_SIZE, 1, bias=False),
            nn.BatchNorm2d(VECTOR_SIZE),
            nn.ReLU(inplace=True),
        )
        self.dense = nn.Linear(VECTOR_SIZE * 10 * 7, VECTOR_SIZE)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.features(x)
        return self.dense(x.flatten(1))
