"""The embedder's input: exposure and contrast taken out, the same in training and on the device."""

from __future__ import annotations

import torch


def standardise(pictures: torch.Tensor) -> torch.Tensor:
    """`(B, H, W, 3) uint8` B, G, R to `(B, 3, H, W) float32` in -1…1, channels last in memory.

    Each picture's mean and standard deviation over all its values become 0 and 0.5; the tails are
    clipped. `scanner.embed` does the same with one lookup table.
    """
    values = pictures.permute(0, 3, 1, 2).float()
    mean = values.mean((1, 2, 3), keepdim=True)
    deviation = values.std((1, 2, 3), keepdim=True, unbiased=False).clamp_min(4.0)
    scaled = ((values - mean) / deviation * 0.5).clamp(-1, 1)
    return scaled.contiguous(memory_format=torch.channels_last)
