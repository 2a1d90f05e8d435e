"""The reader's network: a strip to the classes of 64 steps, convolutions only."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scanner.reader_net import CLASSES, LETTERS


class _Layer(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(
        self, inside: int, outside: int, kernel: tuple[int, int], stride: tuple[int, int]
    ) -> None:
        padding = (kernel[0] // 2, kernel[1] // 2)
        super().__init__(
            nn.Conv2d(inside, outside, kernel, stride, padding, bias=False),
            nn.BatchNorm2d(outside),
            nn.ReLU(inplace=True),
        )


class ReaderNet(nn.Module):
    """`(B, 1, 32, 256)` in -1…1 to `(B, 64, 40)` logits, from left to right."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _Layer(1, 24, (3, 3), (2, 2)),
            _Layer(24, 32, (3, 3), (2, 2)),
            _Layer(32, 64, (3, 3), (2, 1)),
            _Layer(64, 96, (3, 3), (2, 1)),
            _Layer(96, 128, (2, 1), (2, 1)),
        )
        self.along = nn.Sequential(
            _Layer(128, 96, (1, 5), (1, 1)),
            _Layer(96, 96, (1, 5), (1, 1)),
        )
        self.head = nn.Conv2d(96, CLASSES, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        deep = self.body(x)[:, :, :1]
        return self.head(self.along(deep))[:, :, 0].transpose(1, 2)


class DeviceNet(nn.Module):
    """As the device runs it: `(B, 32, 256, 1)` to `(B, 64, 40)`."""

    def __init__(self, net: ReaderNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        found: Tensor = self.net(x.permute(0, 3, 1, 2))
        return found


def encode(labels: list[str]) -> tuple[Tensor, Tensor]:
    """The labels' classes one after another, and each label's length, for the CTC loss."""
    flat = [LETTERS.index(letter) + 1 for label in labels for letter in label]
    lengths = [len(label) for label in labels]
    return torch.tensor(flat, dtype=torch.long), torch.tensor(lengths, dtype=torch.long)
