"""Rule sets to begin with: what shops sort by most, made for the bins that a machine has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scanner.errors import ConditionError
from scanner.prices import Money
from scanner.sorting.rules import Each, RuleSet, read_rules

LEAST_BINS = 2
DEFAULT_CURRENCY = "EUR"
_LETTERS = "0ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Of 1,000 names of cards about so many begin with each letter; 0 stands for digits.
_OFTEN = (
    *(4, 62, 72, 76, 66, 36, 50, 52, 42, 24, 16, 22, 48, 68),
    *(30, 20, 46, 4, 52, 124, 60, 14, 20, 42, 4, 8, 8),
)
_BANDS = (50_00, 20_00, 5_00, 2_00, 1_00, 50, 25)


@dataclass(frozen=True, slots=True)
class For:
    """Whom a preset is for: a machine with `bins` bins, the last of which is the unidentified one,
    in a shop with this currency."""

    bins: int
    currency: str

    def price(self, op: str, amount_minor: int) -> dict[str, Any]:
        """A test on the price."""
        return {"field": "price", "op": op, "value": str(Money(amount_minor, self.currency))}


@dataclass(frozen=True, slots=True)
class Preset:
    """One to choose; `make` gives its rules.

    `least_bins` is what it needs to make sense.
    """

    title: str
    about: str
    make: Callable[[For], dict[str, Any]]
    least_bins: int = LEAST_BINS


def make_preset(key: str, bins: int, currency: str = DEFAULT_CURRENCY) -> RuleSet:
    """The rule set of a preset for a machine with `bins` bins.

    Raises ConditionError for a preset that does not exist or needs more bins.
    """
    preset = PRESETS.get(key)
    if preset is None:
        raise ConditionError(f"there is no preset {key[:40]!r}; choose one of {', '.join(PRESETS)}")
    if bins < preset.least_bins:
        raise ConditionError(f"“{preset.title}” needs {preset.least_bins} bins, not {bins}")
    return read_rules(
        {"name": preset.title, "unidentified_bin": bins} | preset.make(For(bins, currency))
    )


def letter_ranges(parts: int) -> list[str]:
    """The alphabet in up to `parts` ranges that take about as many names each: `0-C`, `D-G`…"""
    left, total = [0] * len(_LETTERS), sum(_OFTEN)
    seen = 0
    for place, often in enumerate(_OFTEN):
        left[place] = min(parts - 1, (seen + often // 2) * parts // total)
        seen += often
    groups = [
        [letter for letter, part in zip(_LETTERS, left, strict=True) if part == wanted]
        for wanted in range(parts)
    ]
    return [f"{group[0]}-{group[-1]}" for group in groups if group]


def _letters_in_words(letters: str) -> str:
    low, high = letters.split("-")
    if low == "0":
        return f"0–9, A–{high}" if high > "A" else "0–9"
    return low if low == high else f"{low}–{high}"


def _dynamic(each: Each) -> Callable[[For], dict[str, Any]]:
    def make(shop: For) -> dict[str, Any]:
        rule = {"name": f"Each {each}", "each": each, "bins": list(range(1, shop.bins))}
        return {"rules": [rule]}

    return make


def _by_letter(shop: For) -> dict[str, Any]:
    rules = [
        {
            "name": f"Names {_letters_in_words(letters)}",
            "when": {"field": "name", "op": "letters", "value": letters},
            "bins": [number],
        }
        for number, letters in enumerate(letter_ranges(shop.bins - 1), 1)
    ]
    return {"rules": rules}


def _by_price(shop: For) -> dict[str, Any]:
    """The dearest in bin 1, the cheapest in the last but one."""
    kept = sorted(_spread(_BANDS, shop.bins - 2), reverse=True)
    rules = [
        _rule(f"From {Money(limit, shop.currency)}", shop.price("at_least", limit), number)
        for number, limit in enumerate(kept, 1)
    ]
    last = kept[-1] if kept else _BANDS[0]
    rules.append(
        _rule(f"Below {Money(last, shop.currency)}", shop.price("below", last), shop.bins - 1)
    )
    return {"rules": rules}


def _spread(bands: tuple[int, ...], wanted: int) -> list[int]:
    """Which limits to keep where there are fewer bins; the usual bulk limit is the last to go."""
    by_weight = (1_00, 5_00, 20_00, 50, 50_00, 2_00, 25)
    return [limit for limit in by_weight[:wanted] if limit in bands]


def _by_colour(shop: For) -> dict[str, Any]:
    several = _rule(
        "Several colours", {"field": "colours", "op": "above", "value": 1}, shop.bins - 1
    )
    none = _rule("No colour", {"field": "colours", "op": "is", "value": 0}, shop.bins - 1)
    if shop.bins > 4:
        none["bins"] = [shop.bins - 2]
    free = list(range(1, none["bins"][0]))
    one = {"name": "One colour", "each": Each.COLOUR, "bins": free}
    return {"rules": [several, none, one]}


def _hits(shop: For) -> dict[str, Any]:
    hit = {
        "any": [
            shop.price("at_least", 1_00),
            {"field": "list", "op": "is", "value": "Want list"},
            {"field": "alerts", "op": "above", "value": 0},
        ]
    }
    return {
        "rules": [_rule("Hits", hit, 1), _rule("Bulk", shop.price("below", 1_00), shop.bins - 1)]
    }


def _finish(shop: For) -> dict[str, Any]:
    shiny = {"field": "finish", "op": "one_of", "value": ["holo", "reverse", "foil"]}
    normal = {"field": "finish", "op": "is", "value": "normal"}
    return {"rules": [_rule("Holo and foil", shiny, 1), _rule("Normal", normal, shop.bins - 1)]}


def _playset(shop: For) -> dict[str, Any]:
    first = {"field": "copies_seen", "op": "below", "value": 4}
    more = {"field": "copies_seen", "op": "at_least", "value": 4}
    return {
        "rules": [_rule("First 4 copies", first, 1), _rule("Further copies", more, shop.bins - 1)]
    }


def _wanted(shop: For) -> dict[str, Any]:
    on_it = {"field": "list", "op": "is", "value": "Want list"}
    return {"rules": [_rule("On the want list", on_it, 1)], "rest_bin": shop.bins - 1}


def _rule(name: str, when: dict[str, Any], number: int) -> dict[str, Any]:
    return {"name": name, "when": when, "bins": [number]}


PRESETS: Mapping[str, Preset] = {
    "set": Preset("By set", "Each set gets a bin, as it comes.", _dynamic(Each.SET), 3),
    "game": Preset("By game", "Each game gets a bin.", _dynamic(Each.GAME), 3),
    "letter": Preset("By first letter", "The alphabet, parted over the bins.", _by_letter),
    "price": Preset("By price", "The dearest in bin 1, bulk in the last but one.", _by_price, 3),
    "hits": Preset(
        "Hits and bulk",
        "What is worth 1.00 or more, sets off an alert or is wanted in bin 1, bulk in another.",
        _hits,
        3,
    ),
    "colour": Preset(
        "By colour", "Each colour gets a bin; several colours and none have theirs.", _by_colour, 4
    ),
    "rarity": Preset("By rarity", "Each rarity gets a bin.", _dynamic(Each.RARITY), 3),
    "type": Preset("By type", "Each type of card gets a bin.", _dynamic(Each.TYPE), 3),
    "finish": Preset("By finish", "Holo and foil in bin 1, normal cards in another.", _finish, 3),
    "playset": Preset("Keep four of each", "The first 4 copies in bin 1, more not.", _playset, 3),
    "wanted": Preset("Pick a list", "What is on the want list in bin 1, all else not.", _wanted, 3),
}
"""Every preset by its key, in the order in which the page offers them."""
