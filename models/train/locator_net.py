"""The locator's network, its training targets and its loss (PyTorch; never on the device)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from scanner.locate_net import INPUT_HEIGHT_PX, INPUT_WIDTH_PX, STRIDE_PX

VIEWS = 4
MAP_HEIGHT, MAP_WIDTH = INPUT_HEIGHT_PX // STRIDE_PX, INPUT_WIDTH_PX // STRIDE_PX
_SIGMA_CELLS = 0.85
_WINDOW = 3
# The device's decoder reads a corner from the same window of cells, see scanner.locate_peaks.


class _Conv(nn.Sequential):
    def __init__(
        self, inputs: int, outputs: int, size: int = 3, stride: int | tuple[int, int] = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _Conv(width, width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))))


class LocatorNet(nn.Module):
    """Frame `(B, 3, 160, 288)` in 0…1 to corner maps, a card mask and the view.

    `forward` gives `(B, 2, 40, 72)` corner logits (channel 0: the corners from which a short
    edge runs clockwise, channel 1: those from which a long edge does; so half a turn of the card
    changes nothing), a `(B, 1, 40, 72)` mask logit used in training alone, and `(B, 4)` logits of
    nothing, card, several, back.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_Conv(3, 16, stride=2), _Conv(16, 32, stride=2), _Conv(32, 32))
        self.eighth = nn.Sequential(_Conv(32, 64, stride=2), _Residual(64))
        self.sixteenth = nn.Sequential(_Conv(64, 80, stride=2), _Residual(80))
        self.deep = nn.Sequential(_Conv(80, 96, stride=2), _Residual(96))
        self.deep_in, self.sixteenth_in = nn.Conv2d(96, 64, 1), nn.Conv2d(80, 64, 1)
        self.merge_sixteenth = _Conv(64, 64)
        self.eighth_in, self.merge_eighth = nn.Conv2d(64, 64, 1), _Conv(64, 40)
        self.up_in, self.stem_in = nn.Conv2d(40, 32, 1), nn.Conv2d(32, 32, 1)
        self.merge_quarter = _Conv(32, 32)
        self.maps = nn.Conv2d(32, 2, 1)
        self.mask = nn.Conv2d(32, 1, 1)
        self.view_in = _Conv(96, 96, 1)
        self.view = nn.Linear(96, VIEWS)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        quarter = self.stem(x)
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        deep = self.deep(sixteenth)
        up = self.merge_sixteenth(
            F.relu(_double(self.deep_in(deep)) + self.sixteenth_in(sixteenth))
        )
        up = self.merge_eighth(F.relu(_double(up) + self.eighth_in(eighth)))
        up = self.merge_quarter(F.relu(_double(self.up_in(up)) + self.stem_in(quarter)))
        view = self.view(self.view_in(deep).mean(dim=(2, 3)))
        return up, view

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        up, view = self.features(x)
        return self.maps(up), self.mask(up), view


class DeviceNet(nn.Module):
    """What is exported: corner logits and the view, without the mask."""

    def __init__(self, net: LocatorNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        up, view = self.net.features(x)
        return self.net.maps(up), view


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def corner_targets(quads: Tensor) -> tuple[Tensor, Tensor]:
    """Corners as distributions over cells.

    `quads` `(B, K, 4, 2)` in input pixels, NaN where there is no card. Returns `(B, 2, 40, 72)`
    summing to one per channel, and `(B, 2) bool`: whether the channel holds a corner.
    """
    cells = (quads - (STRIDE_PX - 1) / 2) / STRIDE_PX
    inside = (cells > -0.5).all(-1) & (cells[..., 0] < MAP_WIDTH - 0.5)
    inside &= cells[..., 1] < MAP_HEIGHT - 0.5
    cells = torch.where(inside[..., None], cells, torch.full_like(cells, -1e3))
    x = torch.arange(MAP_WIDTH, dtype=torch.float32)
    y = torch.arange(MAP_HEIGHT, dtype=torch.float32)
    gx = torch.exp(-((x - cells[..., :1]) ** 2) / (2 * _SIGMA_CELLS**2))
    gy = torch.exp(-((y - cells[..., 1:]) ** 2) / (2 * _SIGMA_CELLS**2))
    channels = []
    for channel in range(2):
        some = slice(channel, None, 2)
        spots = torch.einsum("bkcy,bkcx->byx", gy[:, :, some], gx[:, :, some])
        channels.append(spots)
    target = torch.stack(channels, 1)
    total = target.sum((2, 3), keepdim=True)
    return target / total.clamp_min(1e-6), (total > 0.5)[..., 0, 0]


def corner_errors(maps: Tensor, quads: Tensor) -> Tensor:
    """Distance in input pixels between each true corner and the soft maximum of the window of
    cells around it; `(N,)` over all corners inside the maps."""
    cells = (quads - (STRIDE_PX - 1) / 2) / STRIDE_PX
    nearest = torch.nan_to_num(cells, nan=-99.0).round().long()
    low = torch.tensor([_WINDOW, _WINDOW])
    high = torch.tensor([MAP_WIDTH - 1 - _WINDOW, MAP_HEIGHT - 1 - _WINDOW])
    batch, card, corner = torch.where(((nearest >= low) & (nearest <= high)).all(-1))
    centre = nearest[batch, card, corner]
    span = torch.arange(-_WINDOW, _WINDOW + 1)
    rows, columns = centre[:, 1, None] + span, centre[:, :1] + span
    window = maps[
        batch[:, None, None], (corner % 2)[:, None, None], rows[:, :, None], columns[:, None]
    ]
    weight = window.flatten(1).float().softmax(1).view_as(window)
    found_x = (weight.sum(1) * columns).sum(1)
    found_y = (weight.sum(2) * rows).sum(1)
    found = torch.stack([found_x, found_y], 1)
    return (found - cells[batch, card, corner]).norm(dim=1) * STRIDE_PX


def locator_loss(
    outputs: tuple[Tensor, Tensor, Tensor], views: Tensor, quads: Tensor, masks: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch and its parts; `masks` `(B, 40, 72)` is the share of card per cell."""
    maps, mask, view = (output.float() for output in outputs)
    target, present = corner_targets(quads)
    logs = maps.flatten(2).log_softmax(2)
    entropy = -(target.flatten(2) * logs).sum(2)
    floor = -(target.flatten(2) * target.flatten(2).clamp_min(1e-9).log()).sum(2)
    corner = ((entropy - floor) * present).sum() / present.sum().clamp_min(1)
    errors = corner_errors(maps, quads)
    precise = (errors.clamp_max(8.0)).mean() if len(errors) else maps.sum() * 0
    covered = F.binary_cross_entropy_with_logits(mask[:, 0], masks)
    seen = F.cross_entropy(view, views, label_smoothing=0.02)
    parts = {
        "corner": corner.item(),
        "px": errors.median().item() if len(errors) else 0.0,
        "mask": covered.item(),
        "view": seen.item(),
        "right": (view.argmax(1) == views).float().mean().item(),
    }
    return corner + 0.5 * precise + 0.4 * covered + 0.5 * seen, parts
