"""Fit `models/calibration.toml`: how evidence becomes a probability. NumPy alone, seconds.

    python -m models.train.calibrate WORK/scenes.jsonl --out models/calibration.toml

The lines come from `counterscan bench calibration`; those of the part `fit` are fitted, those of
the part `test` (other cards) only measured. `models/train/calibrate.sh` does all of it.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.train.calibrate_report import report
from scanner.calibration import SIGNS, WORST_OF_ALL, Calibration, Sign, Signs
from scanner.decide import Evidence, Standing, is_enough, stand
from scanner.records import Printing
from scanner.verify import Comparison

# Of all that is laid under the camera, this share is taken to be in no catalog.
ABSENT_SHARE = 0.1
# Two scenes in three are of moderate difficulty, as in a shop.
MODERATE_SHARE = 2 / 3
# Strangers stay near the lower ends. The upper ends are low enough that no single sign, such as the
# embedder's, has to be at its best for an answer to pass.
RANGES = {
    "score": (0.75, 0.95), "matched": (0.4, 0.9), "lead": (0.1, 0.4), "nearness": (-0.05, 0.15),
}  # fmt: skip
RIDGE = 0.001
ERROR_RATES = (0.00001, 0.0001, 0.001, 0.01, 0.05)
# What is believed of printings before any is counted, and how many scenes that is worth.
PRINTING_PRIOR = (0.999, 500)


@dataclass(frozen=True, slots=True)
class Scene:
    """One line: its evidence and the truth about its best candidate."""

    line: dict[str, Any]
    evidence: tuple[Evidence, ...]
    found: Standing
    right_artwork: bool
    right: bool
    right_look: bool

    @property
    def signs(self) -> Signs:
        """What the calibration weighs."""
        return self.found.signs

    @property
    def twins(self) -> int:
        """How many other printings look the same."""
        return len(self.found.twins)

    @property
    def is_card(self) -> bool:
        """Whether the card is in the catalog."""
        return bool(self.line["kind"] == "card")

    @property
    def is_sibling(self) -> bool:
        """Whether another printing of the artwork is in the catalog and this one is not: the
        artwork is right then, and no printing can be."""
        return self.right_artwork and not self.is_card


def read_scenes(paths: Sequence[Path]) -> list[Scene]:
    """The scenes in which candidates were compared, the catalog's own backs left out."""
    scenes = []
    for path in paths:
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            evidence = tuple(_evidence(one) for one in line["candidates"])
            found = stand(evidence)
            if found is None or line["candidates"][0]["back"]:
                continue
            truth = next(
                one for one in line["candidates"] if one["card_id"] == found.best.printing.card_id
            )
            scenes.append(
                Scene(
                    line, evidence, found,
                    truth["right_artwork"], truth["right"], truth["right_look"],
                )
            )  # fmt: skip
    return scenes


def count_missed(paths: Sequence[Path]) -> Counter[tuple[str, str]]:
    """Scenes of cards in the catalog in which nothing was compared, by part and difficulty."""
    lines = [json.loads(text) for path in paths for text in path.read_text("utf-8").splitlines()]
    return Counter(
        (line["part"], line["difficulty"])
        for line in lines
        if line["kind"] == "card" and not line["candidates"]
    )


def _evidence(one: dict[str, Any]) -> Evidence:
    return Evidence(
        Printing(one["card_id"], "", one["card_id"]),
        one["pack_id"],
        one["similarity"],
        Comparison(**one["comparison"]),
        one["twin_of_best"],
        one["told_apart"],
    )


def weights_of(scenes: Sequence[Scene]) -> NDArray[np.float64]:
    """How much each scene counts, so that kinds and difficulties have the shares stated above."""
    weight = np.zeros(len(scenes))
    for is_card, share in ((True, 1 - ABSENT_SHARE), (False, ABSENT_SHARE)):
        for difficulty, part in (("moderate", MODERATE_SHARE), ("hard", 1 - MODERATE_SHARE)):
            chosen = np.array(
                [s.is_card == is_card and s.line["difficulty"] == difficulty for s in scenes]
            )
            if chosen.any():
                weight[chosen] = share * part / chosen.sum()
    return np.asarray(weight / weight.sum() * len(scenes))


def fit_artwork(scenes: Sequence[Scene]) -> tuple[float, tuple[Sign, ...]]:
    """Bias and signs by Newton's method with a ridge; a sign that speaks against is dropped."""
    plain = tuple(Sign(*RANGES[name], 1.0) for name in SIGNS)
    pairs = list(zip(plain, SIGNS, strict=True))
    design = np.array(
        [[1.0, *(sign.value(getattr(s.signs, name)) for sign, name in pairs)] for s in scenes]
    )
    right = np.array([s.right_artwork for s in scenes], float)
    weight = weights_of(scenes)
    used = list(range(design.shape[1]))
    while True:
        found = newton(design[:, used], right, weight)
        against = [index for place, index in enumerate(used) if index and found[place] < 0]
        if not against:
            break
        used = [index for index in used if index not in against]
    numbers = np.zeros(design.shape[1])
    numbers[used] = found
    signs = tuple(
        Sign(*RANGES[name], round(float(numbers[place + 1]), 3)) for place, name in enumerate(SIGNS)
    )
    return round(float(numbers[0]), 3), signs


def newton(
    design: NDArray[np.float64], right: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The logistic regression's numbers; the ridge leaves the bias alone."""
    ridge = np.diag([0.0] + [RIDGE * weight.sum() / 100] * (design.shape[1] - 1))
    numbers = np.zeros(design.shape[1])
    for _ in range(200):
        chance = 1 / (1 + np.exp(-design @ numbers))
        slope = design.T @ (weight * (chance - right)) + ridge @ numbers
        bend = (design.T * (weight * chance * (1 - chance))) @ design + ridge
        step = np.linalg.solve(bend + 1e-9 * np.eye(len(numbers)), slope)
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        numbers -= step
        if np.abs(step).max() < 1e-9:
            break
    return numbers


def fit_printing(scenes: Sequence[Scene], apart: tuple[int, int]) -> tuple[float, float]:
    """The shares of right printings (pictures that look the same count as one) where nothing else
    of the artwork came up, and where others were told apart; `apart` adds (right, of) to those."""

    def share(chosen: Sequence[Scene], right: int = 0, of: int = 0) -> float:
        right += sum(s.right_look for s in chosen)
        prior, worth = PRINTING_PRIOR
        return round((right + prior * worth) / (of + len(chosen) + worth), 5)

    cards = [s for s in scenes if s.right_artwork and not s.twins and is_enough(s.found)]
    return (
        share([s for s in cards if not s.found.apart]),
        share([s for s in cards if s.found.apart], *apart),
    )


def accept_table(
    calibration: Calibration, scenes: Sequence[Scene]
) -> tuple[tuple[float, float], ...]:
    """For each error rate the least probability from which the accepted are expected to hold it."""
    chance = np.array([calibration.artwork(s.signs) for s in scenes])
    weight = weights_of(scenes)
    order = np.argsort(-chance, kind="stable")
    expected = np.cumsum(weight[order] * (1 - chance[order])) / np.cumsum(weight[order])
    doubt = 1 - chance[order]
    # So few scenes vouch for no rate below this: the strictest there is still passes half of them.
    clear = [calibration.artwork(s.signs) for s in scenes if s.is_card]
    strictest = 1 - float(np.median(clear))
    table = []
    for rate in ERROR_RATES:
        fine = (expected <= rate) & (doubt <= WORST_OF_ALL * rate)
        least = max(float(doubt[fine].max(initial=0.0)), strictest)
        table.append((rate, 1 - least))
    return tuple(table)


def fit(scenes: Sequence[Scene], apart: tuple[int, int]) -> Calibration:
    """All numbers from the scenes of the part `fit`."""
    bias, signs = fit_artwork(scenes)
    alone, told_apart = fit_printing(scenes, apart)
    first = Calibration(bias, signs, alone, told_apart, ((0.001, 0.999),))
    return Calibration(bias, signs, alone, told_apart, accept_table(first, scenes))


def main() -> None:
    """Fit, write, and say what the other half of the cards gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="+", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--manifest", type=Path, default=Path("models/manifest.toml"))
    parser.add_argument(
        "--told-apart", nargs=2, type=int, default=(0, 0), metavar=("RIGHT", "OF"),
        help="more printings told apart, from counterscan bench printing",
    )  # fmt: skip
    args = parser.parse_args()
    scenes = read_scenes(args.scenes)
    kept = [s for s in scenes if not s.is_sibling]
    fitted = [s for s in kept if s.line["part"] == "fit"]
    calibration = fit(fitted, tuple(args.told_apart))
    missed = count_missed(args.scenes)
    for part in ("fit", "test"):
        report(calibration, [s for s in kept if s.line["part"] == part], part, missed)
    if args.out:
        args.out.write_text(text_of(calibration, fitted, args.manifest), encoding="utf-8")


def text_of(calibration: Calibration, scenes: Sequence[Scene], manifest: Path) -> str:
    """The file for people and for the program."""
    models = tomllib.loads(manifest.read_text(encoding="utf-8"))
    ids = [f"{name}-{facts['sha256'][:8]}" for name, facts in models.items() if "sha256" in facts]
    cards = sum(s.is_card for s in scenes)
    lines = [
        "# How evidence becomes a probability. Written by models/train/calibrate.py.",
        "",
        f'made_on = "{datetime.now(UTC).date()}"',
        f'fitted_on = "{cards} scenes of held-back cards, {len(scenes) - cards} of strangers"',
        f"models = {json.dumps(ids)}",
        f"absent_share = {ABSENT_SHARE}",
        "",
        "# The chance that the artwork is right: a logistic curve. Each sign counts nothing at",
        "# `low` and below, and its whole weight at `high` and above.",
        "[artwork]",
        f"bias = {calibration.bias}",
    ]
    for name, sign in zip(SIGNS, calibration.signs, strict=True):
        lines.append(f"{name} = {{ low = {sign.low}, high = {sign.high}, weight = {sign.weight} }}")
    rates = ", ".join(f"{rate:.5f}" for rate, _ in calibration.accept)
    chances = ", ".join(f"{chance:.7f}" for _, chance in calibration.accept)
    lines += [
        "",
        "# The chance that the printing is right where the artwork is.",
        "[printing]",
        f"alone = {calibration.alone}",
        f"told_apart = {calibration.told_apart}",
        "",
        "# The probability of the artwork to ask for, by the shop's error rate.",
        "[accept]",
        f"error_rate = [{rates}]",
        f"probability = [{chances}]",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
