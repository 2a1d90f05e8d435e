"""One net's training by the clock: its rate, its slow average, its checkpoints.

A killed run goes on from its last checkpoint; the schedule follows the time spent in training, so
a faster machine sees more of the data.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

_SAVE_EVERY_S = 60.0
_SAY_EVERY_STEPS = 50
_REMEMBERED = 0.98
# A resumed run is given other data than the one before, and the same each time.
_NEXT_SEED = 7919


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how fast: `rate` is the peak, reached after `warm_up_steps` and lowered along
    half a cosine; `keep` is the share of the slow average that a step leaves."""

    minutes: float
    rate: float
    warm_up_steps: int
    keep: float


class Run:
    """A net, its slow average (which is what is exported) and the optimiser, by a `Pace`."""

    def __init__(
        self, net: nn.Module, optimiser: torch.optim.Optimizer, pace: Pace, checkpoint: Path
    ) -> None:
        """Go on from `checkpoint` where it is there."""
        self._net, self._optimiser, self._pace, self._checkpoint = net, optimiser, pace, checkpoint
        self._average = copy.deepcopy(net).eval()
        self._parts: dict[str, float] = {}
        self._step, self._spent_s = 0, 0.0
        if checkpoint.exists():
            state = torch.load(checkpoint, weights_only=True)
            net.load_state_dict(state["net"])
            self._average.load_state_dict(state["average"])
            optimiser.load_state_dict(state["optimiser"])
            self._step, self._spent_s = state["step"], state["spent_s"]
        self._began = self._step
        self._last_s = self._saved_s = time.monotonic()

    def seed(self, seed: int) -> int:
        """What the data is drawn by: another seed after each resumption."""
        return seed + _NEXT_SEED * self._began

    @property
    def goes_on(self) -> bool:
        """Whether there is time left. The last checkpoint is written when there is none."""
        if self._spent_s < self._pace.minutes * 60:
            return True
        self._save()
        return False

    def step(self, loss: Tensor, parts: Mapping[str, float]) -> None:
        """Learn from one batch's loss; its `parts` are told now and then."""
        share = self._spent_s / (self._pace.minutes * 60)
        lowered = 0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2
        rate = self._pace.rate * min(1, (self._step + 1) / self._pace.warm_up_steps) * lowered
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._net.parameters(), 5.0)
        self._optimiser.step()
        self._step += 1
        taken = self._step - self._began
        follow(self._average, self._net, min(self._pace.keep, (1 + taken) / (20 + taken)))
        now_s = time.monotonic()
        self._spent_s, self._last_s = self._spent_s + now_s - self._last_s, now_s
        for name, value in parts.items():
            before = self._parts.get(name, 0.0)
            self._parts[name] = before * _REMEMBERED + value * (1 - _REMEMBERED)
        if self._step % _SAY_EVERY_STEPS == 0:
            self._say(1 - _REMEMBERED**taken, rate)
        if now_s - self._saved_s > _SAVE_EVERY_S:
            self._save()
            self._saved_s = now_s

    def _say(self, known: float, rate: float) -> None:
        shown = " ".join(f"{name} {value / known:.3f}" for name, value in self._parts.items())
        print(
            f"{self._spent_s / 60:6.1f} min, step {self._step}, rate {rate:.5f}: {shown}",
            flush=True,
        )

    def _save(self) -> None:
        write_checkpoint(
            self._checkpoint,
            {
                "net": self._net.state_dict(),
                "average": self._average.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "step": self._step,
                "spent_s": self._spent_s,
            },
        )


def follow(average: nn.Module, net: nn.Module, keep: float) -> None:
    """Draw the slow average a little towards the net; `keep` of it stays."""
    slow, fast = average.state_dict().values(), net.state_dict().values()
    with torch.no_grad():
        for one, now in zip(slow, fast, strict=True):
            if one.dtype.is_floating_point:
                one.lerp_(now, 1 - keep)
            else:
                one.copy_(now)


def write_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write it; a run cut off in the middle of it keeps the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    torch.save(dict(state), unfinished)
    unfinished.rename(path)


def averaged(net: nn.Module, checkpoint: Path) -> nn.Module:
    """`net` with the slow average of a checkpoint, ready to be exported."""
    net.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    return net.eval()
