"""From what speaks for an answer to the chance that it is right.

A logistic curve over four signs, each brought into 0…1 and never counted beyond that, so that a
game with quite another look can't reach more certainty than was ever measured. The numbers are in
`models/calibration.toml`, with what they were fitted on; `models/train/calibrate.py` makes them.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from scanner.errors import ModelError
from scanner.models import MODELS_DIR

FILE = "calibration.toml"
WORST_OF_ALL = 10.0
"""No single answer may be this many times likelier wrong than the shop allows on the whole."""
_WAY_OUT = "reinstall Counterscan, or fit it again with models/train/calibrate.sh"


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for the best candidate.

    `score` and `matched` are those of `scanner.verify.Comparison`; `lead` is the lead in `score`
    and `nearness` the lead in similarity over the best candidate of another artwork.
    """

    score: float
    matched: float
    lead: float
    nearness: float


SIGNS = ("score", "matched", "lead", "nearness")


@dataclass(frozen=True, slots=True)
class Sign:
    """How one sign counts: 0 at `low` and below, `weight` at `high` and above."""

    low: float
    high: float
    weight: float

    def value(self, found: float) -> float:
        """The sign as a part of 0…1; what is no number speaks for nothing."""
        part = (found - self.low) / (self.high - self.low)
        return min(max(part, 0.0), 1.0) if math.isfinite(part) else 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted numbers.

    `alone` is the chance that the printing is right where the artwork is and no other printing of
    it came up, `told_apart` where others came up and the picture sided against each. `accept` holds
    pairs of an error rate and the probability to ask for, strictest first.
    """

    bias: float
    signs: tuple[Sign, ...]
    alone: float
    told_apart: float
    accept: tuple[tuple[float, float], ...]

    def artwork(self, signs: Signs) -> float:
        """The chance, 0…1, that the best candidate shows the card's artwork."""
        found = (signs.score, signs.matched, signs.lead, signs.nearness)
        total = self.bias + sum(
            sign.weight * sign.value(value) for sign, value in zip(self.signs, found, strict=True)
        )
        return 1 / (1 + math.exp(-total))

    def printing(self, twins: int, told_apart: int) -> float:
        """The chance, 0…1, that the printing is right given that the artwork is.

        `twins` other printings look the same, `told_apart` others were found to differ.
        """
        chance = self.told_apart if told_apart else self.alone
        return chance / (1 + twins)

    def settles_printings(self, error_rate: float) -> bool:
        """Whether a printing that was told apart from others may pass at this rate of errors."""
        return 1 - self.told_apart <= WORST_OF_ALL * error_rate

    def accept_from(self, error_rate: float) -> float:
        """The probability of the artwork from which answers may pass at this rate of errors."""
        rates = np.log([rate for rate, _ in self.accept])
        doubts = np.log([max(1 - chance, 1e-12) for _, chance in self.accept])
        return 1 - math.exp(np.interp(math.log(error_rate), rates, doubts))


def read_calibration(models_dir: Path | None = None) -> Calibration:
    """The numbers of `calibration.toml`. Raises ModelError when it is missing or damaged."""
    path = (models_dir or MODELS_DIR) / FILE
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        artwork, printing, accept = table["artwork"], table["printing"], table["accept"]
        found = Calibration(
            bias=float(artwork["bias"]),
            signs=tuple(Sign(**{k: float(v) for k, v in artwork[name].items()}) for name in SIGNS),
            alone=float(printing["alone"]),
            told_apart=float(printing["told_apart"]),
            accept=tuple(
                (float(rate), float(chance))
                for rate, chance in zip(accept["error_rate"], accept["probability"], strict=True)
            ),
        )
    except OSError as error:
        raise ModelError(f"{path} can't be read ({error.strerror}); {_WAY_OUT}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is damaged ({error!r}); {_WAY_OUT}") from error
    if why := _problem(found):
        raise ModelError(f"{path} is damaged ({why}); {_WAY_OUT}")
    return found


@cache
def shipped_calibration() -> Calibration:
    """The calibration that came with the program, read once."""
    return read_calibration()


def _problem(found: Calibration) -> str:
    """Why these numbers can't be used, or nothing."""
    if not all(sign.low < sign.high and sign.weight >= 0 for sign in found.signs):
        return "a sign has an empty range or speaks against the candidate"
    if not (0 < found.alone <= 1 and 0 < found.told_apart <= 1):
        return "a chance is not between 0 and 1"
    rates = [rate for rate, _ in found.accept]
    chances = [chance for _, chance in found.accept]
    if not rates or rates != sorted(set(rates)) or chances != sorted(chances, reverse=True):
        return "the error rates must rise and their probabilities fall"
    if not (rates[0] > 0 and math.isfinite(found.bias) and all(0 < one < 1 for one in chances)):
        return "a number is out of its range"
    return ""
