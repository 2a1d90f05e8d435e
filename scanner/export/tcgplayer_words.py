"""TCGplayer's words for what a card is: conditions, finishes, sets and product lines. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from scanner.card_facts import folded
from scanner.card_words import LANGUAGES
from scanner.records import Finish

CONDITIONS = {
    "NM": "Near Mint",
    "LP": "Lightly Played",
    "MP": "Moderately Played",
    "HP": "Heavily Played",
    "DMG": "Damaged",
}
_EDITIONS = ("1st Edition", "Unlimited", "Limited")
_LANGUAGES = {
    **{name: code for code, name in LANGUAGES.items()},
    "Chinese (S)": "zh-Hans",
    "Chinese (T)": "zh-Hant",
}
_NO_SHINE = ("", "Normal")
_REVERSE = "Reverse Holofoil"
_PRODUCT_LINES = {
    "magic": ("magic", "mtg", "magicthegathering"),
    "pokemon": ("pokemon", "pkm", "ptcg"),
    "yugioh": ("yugioh", "ygo"),
    "onepiececardgame": ("onepiece", "onepiececardgame", "optcg"),
    "disneylorcana": ("lorcana", "disneylorcana"),
    "pokemonjapan": ("pokemonjapan", "pokemonjapanese"),
    "digimoncardgame": ("digimon", "digimoncardgame"),
    "fleshandbloodtcg": ("fleshandblood", "fab", "fleshandbloodtcg"),
    "starwarsunlimited": ("starwarsunlimited", "swu"),
    "dragonballsuperfusionworld": ("fusionworld", "dragonballsuperfusionworld"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a SKU is of, beside its product: `Near Mint 1st Edition Holofoil - German`.

    `condition` and `language` are ours, `edition` and `shine` TCGplayer's, "" where it names none.
    """

    condition: str
    edition: str
    shine: str
    language: str


@lru_cache(maxsize=4096)
def read_kind(text: str) -> Kind | None:
    """A SKU's condition, taken apart; None for one that no single card has (`Unopened`)."""
    rest, _, tongue = text.strip().partition(" - ")
    language = _LANGUAGES.get(tongue.strip(), "") if tongue else "en"
    code = next((c for c, name in CONDITIONS.items() if f"{rest} ".startswith(f"{name} ")), "")
    if not code:
        return None
    rest = rest[len(CONDITIONS[code]) :].strip()
    edition = next((one for one in _EDITIONS if rest == one or rest.startswith(f"{one} ")), "")
    shine = rest[len(edition) :].strip()
    return Kind(code, edition, shine, language) if language else None


def shine_of(finish: str, there: frozenset[str]) -> str | None:
    """TCGplayer's word for our finish, out of those that exist of a product; None for none.

    A foil is called `Foil` or `Holofoil`, by the game; a third name counts where it is the only
    one that shines.
    """
    shiny = [one for one in there if one not in _NO_SHINE and one != _REVERSE]
    wanted: tuple[str, ...]
    match finish:
        case Finish.NORMAL:
            wanted = _NO_SHINE
        case Finish.REVERSE:
            wanted = (_REVERSE,)
        case Finish.HOLO:
            wanted = ("Holofoil", "Foil")
        case Finish.FOIL:
            wanted = ("Foil", "Holofoil")
        case _:
            return None
    for one in wanted:
        if one in there:
            return one
    shines = finish in (Finish.HOLO, Finish.FOIL)
    return shiny[0] if shines and len(shiny) == 1 else None


def finish_of(shine: str) -> str:
    """Our finish of one of TCGplayer's words; both of ours that it may be fold into one."""
    if shine in _NO_SHINE:
        return Finish.NORMAL.value
    return Finish.REVERSE.value if shine == _REVERSE else Finish.FOIL.value


def split_edition(variant: str) -> tuple[str, str]:
    """The edition that a variant names, in TCGplayer's words, and the rest of the variant."""
    for edition in _EDITIONS[:2]:
        found = re.search(rf"\b{edition}\b", variant, re.IGNORECASE)
        if found:
            rest = f"{variant[: found.start()]} {variant[found.end() :]}"
            return edition, " ".join(rest.split())
    return "", variant


def is_product_line(line: str, game: str) -> bool:
    """Whether a product line is that of our game."""
    theirs, ours = _letters(line), _letters(game)
    return theirs == ours or ours in _PRODUCT_LINES.get(theirs, ())


@lru_cache(maxsize=8192)
def set_forms(name: str) -> frozenset[str]:
    """The ways to write a set's name: `SV01: Scarlet & Violet` is also `sv01` and without it."""
    bare = re.sub(r"[\[(].*?[\])]", " ", name)
    parts = [bare, name]
    before, colon, after = bare.partition(":")
    if colon and re.fullmatch(r"[A-Za-z0-9\-. ]{2,8}", before.strip()):
        parts += [before, after]
    parts += re.findall(r"[\[(]([^\])]+)[\])]", name)
    return frozenset(filter(None, map(_letters, parts)))


@lru_cache(maxsize=8192)
def product_name(name: str, number: str) -> tuple[str, str]:
    """A product's name and what tells it from others: `Izo (Parallel)` is `izo` and `parallel`.

    A number that the name repeats, in brackets or after a dash, is left out.
    """
    digits = _letters(number)
    bare = re.sub(r"\s-\s[A-Za-z0-9\-]+/?[A-Za-z0-9\-]*$", "", name)
    extras = [_letters(word) for word in re.findall(r"\(([^)]*)\)", bare)]
    kept = [word for word in extras if word and word.lstrip("0") not in _numbers(digits, number)]
    return _letters(re.sub(r"\([^)]*\)", " ", bare)), "".join(kept)


def letters(text: str) -> str:
    """Only the letters and digits of a text, folded: what comparing goes by."""
    return _letters(text)


def _numbers(digits: str, number: str) -> set[str]:
    own = number.partition("/")[0]
    return {digits.lstrip("0"), _letters(own).lstrip("0"), _letters(own.rpartition("-")[2])
            .lstrip("0")}  # fmt: skip


def _letters(text: str) -> str:
    return "".join(sign for sign in folded(text) if sign.isalnum())
