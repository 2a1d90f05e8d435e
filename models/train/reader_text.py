"""What may stand in a strip: numbers and set codes as games print them, and words beside them."""

from __future__ import annotations

import csv
import gzip
import string
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_DIGITS = string.digits
_UPPER = string.ascii_uppercase
_LANGUAGES = ("EN", "DE", "FR", "IT", "ES", "PT", "JP", "KR", "SP")
_BESIDE = ("C", "U", "R", "M", "S", "L", "SR", "SEC", "SP", "EN", "T", "1ST", "UC", "F", "P")


@dataclass(frozen=True, slots=True)
class Words:
    """One line of a strip: what counts, and what stands before and after it with a gap."""

    text: str
    before: str = ""
    after: str = ""


class Texts:
    """Draws lines: real numbers of the games' facts, their patterns, and letters at random."""

    def __init__(self, data: Path, rng: np.random.Generator) -> None:
        """`data` is the folder with `facts` in it; without it only patterns are drawn."""
        self._rng = rng
        self._real = _pokemon(data / "facts") + _onepiece(data / "facts")

    def draw(self) -> Words:
        """One line."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.30 and self._real:
            text = self._real[int(rng.integers(len(self._real)))]
        elif kind < 0.75:
            text = self._pattern()
        else:
            text = self._some(_UPPER + _DIGITS * 2 + "-/.", int(rng.integers(2, 13)))
        before = after = ""
        if rng.random() < 0.2:
            before = self._beside()
        if rng.random() < 0.4:
            after = self._beside()
        return Words(text, before, after)

    def _beside(self) -> str:
        rng = self._rng
        if rng.random() < 0.6:
            return str(rng.choice(_BESIDE))
        word = self._some(string.ascii_lowercase, int(rng.integers(2, 8)))
        return word.capitalize() if rng.random() < 0.6 else word

    def _some(self, letters: str, count: int) -> str:
        return "".join(letters[i] for i in self._rng.integers(0, len(letters), count))

    def _number(self, digits: int, *, padded: bool = True) -> str:
        value = int(self._rng.integers(0, 10**digits))
        return f"{value:0{digits}d}" if padded else str(value)

    def _pattern(self) -> str:
        """A number the way one of many games prints it."""
        rng = self._rng
        code = self._some(_UPPER, int(rng.integers(2, 5)))
        three, two = self._number(3), self._number(2)
        language = str(rng.choice(_LANGUAGES))
        patterns = (
            f"{code}-{language}{three}",
            f"{code[:2]}{two}-{three}",
            f"{code[:1]}-{three}",
            f"{code[:2]}{two[0]}-{three}/{self._number(3, padded=False)}",
            f"{three}/{self._number(3)}",
            f"{self._number(3, padded=False)}/{self._number(3, padded=False)}",
            f"{code[:2]}{two}/{code[:2]}{self._number(2)}",
            f"{code}{three}",
            self._number(4),
            three,
            self._number(3, padded=False),
            self._number(8),
            f"{self._some(_UPPER + _DIGITS, 3)}.{language}",
            self._some(_UPPER + _DIGITS, 3),
            f"{code[:1]}{self._number(4)}",
            f"{self._number(3, padded=False)}/{self._number(3)}.{language}.{two[0]}",
        )
        return patterns[int(rng.integers(len(patterns)))]


def _pokemon(facts: Path) -> list[str]:
    """Every way that Pokémon numbers stand on cards: `25/102`, `025/198`, `TG12/TG30`."""
    try:
        with (facts / "pokemon_sets.csv").open(newline="", encoding="utf-8") as file:
            totals = {row["set"]: row["printed_total"] for row in csv.DictReader(file)}
        with gzip.open(facts / "pokemon_cards.csv.gz", "rt", newline="", encoding="utf-8") as cards:
            rows = [(row["number"], row["set"]) for row in csv.DictReader(cards)]
    except OSError:
        return []
    found = []
    for number, code in rows:
        total = totals.get(code, "")
        if number.isdigit() and total:
            padded = code.startswith(("sv", "me", "zsv", "rsv"))
            found.append(f"{int(number):03d}/{int(total):03d}" if padded else f"{number}/{total}")
        elif number.isascii() and number.isalnum():
            found.append(number.upper())
    return found


def _onepiece(facts: Path) -> list[str]:
    try:
        with (facts / "onepiece_cards.csv").open(newline="", encoding="utf-8") as file:
            return sorted({row["code"] for row in csv.DictReader(file) if row["code"]})
    except OSError:
        return []
