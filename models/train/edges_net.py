"""The edge net: where along a card's four edges the paper ends (PyTorch; never on the device)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from models.train.locator_net import _Conv
from scanner.locate_strips import CHANNELS, COLUMN_SHARE, COLUMNS

_SIGMA_COLUMNS = 0.7
_WINDOW = 3


class _Wide(nn.Module):
    """A residual block that looks far across the strip."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(width, width, (3, 5), 1, (1, 2), bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )
        self.second = nn.Conv2d(width, width, (3, 5), 1, (1, 2), bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))))


class EdgeNet(nn.Module):
    """Strips `(B, 6, 256, 48)` in 0…1 to `(B, 1, 32, 48)` logits of the paper's end among the
    columns, for eight places along each of the four edges."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_Conv(CHANNELS, 16, stride=(2, 1)), _Conv(16, 24, stride=(2, 1)))
        self.down = _Conv(24, 32, stride=2)
        self.wide = nn.Sequential(_Wide(32), _Wide(32))
        self.all_in = _Conv(32, 32, 1)
        self.fine = nn.Conv2d(24, 32, (2, 1), (2, 1))
        self.merge = _Conv(32, 24)
        self.last = nn.Conv2d(24, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        stem = self.stem(x)
        wide = self.wide(self.down(stem))
        wide = wide + self.all_in(wide).mean(dim=(2, 3), keepdim=True)
        up = F.interpolate(wide, scale_factor=(1.0, 2.0), mode="bilinear", align_corners=False)
        return self.last(self.merge(F.relu(up + self.fine(stem))))


def edge_loss(logits: Tensor, offsets: Tensor) -> tuple[Tensor, dict[str, float]]:
    """The loss; `offsets` `(B, 4 * BINS)` in short sides outwards, NaN where out of reach."""
    step = float(COLUMN_SHARE[1] - COLUMN_SHARE[0])
    logits = logits[:, 0].float()
    columns = torch.arange(COLUMNS, dtype=torch.float32)
    true = offsets / step + (COLUMNS - 1) / 2
    known = torch.isfinite(true) & (true > 0) & (true < COLUMNS - 1)
    true = torch.where(known, true, torch.zeros_like(true))
    target = torch.exp(-((columns - true[..., None]) ** 2) / (2 * _SIGMA_COLUMNS**2))
    target = target / target.sum(-1, keepdim=True)
    logs = logits.log_softmax(-1)
    cross = (-(target * logs).sum(-1) + (target * target.clamp_min(1e-9).log()).sum(-1)) * known
    near = (columns - true[..., None]).abs() <= _WINDOW
    weight = logits.masked_fill(~near, -1e4).softmax(-1)
    miss = ((weight * columns).sum(-1) - true).abs() * known
    count = known.sum().clamp_min(1)
    best = (logs.argmax(-1) - true).abs()[known]
    parts = {
        "cross": cross.sum().item() / count.item(),
        "miss": miss.sum().item() / count.item(),
        "far": (best > 2).float().mean().item(),
    }
    return cross.sum() / count + 0.5 * miss.sum() / count, parts
