"""Which of our finishes a source's word means for one printing. Pure.

One word means several things: Pokémon's Holofoil shines on the artwork alone, another game's all
over. What the catalog says of the printing decides; what it contradicts is no price of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.export.tcgplayer_words import read_kind
from scanner.finishes import ALL_FINISHES
from scanner.records import Finish

_WORDS = {
    "normal": (Finish.NORMAL,),
    "holofoil": (Finish.HOLO, Finish.FOIL),
    "reverse holofoil": (Finish.REVERSE,),
    "foil": (Finish.FOIL, Finish.HOLO),
    "cold foil": (Finish.FOIL,),
    "rainbow foil": (Finish.FOIL,),
}


@dataclass(frozen=True, slots=True)
class Shine:
    """TCGplayer's `subTypeName`, taken apart; `word` is "" where only an edition is named."""

    edition: str
    word: str


def read_shine(sub_type: str) -> Shine | None:
    """An edition and a finish, such as `1st Edition Holofoil`; None for words that are new."""
    kind = read_kind(f"Near Mint {sub_type}")
    if kind is None or not sub_type.strip():
        return None
    word = kind.shine.lower()
    return Shine(kind.edition, word) if word in _WORDS or (not word and kind.edition) else None


def finish_of(word: str, finishes: frozenset[Finish]) -> Finish | None:
    """Our finish; None where the catalog knows of none like it. `finishes` are the printing's."""
    if not word:
        if len(finishes) == 1:
            return next(iter(finishes))
        return Finish.NORMAL if Finish.NORMAL in finishes else None
    meant = _WORDS.get(word, ())
    return next((finish for finish in meant if finish in finishes), None)


def reverse_of(finishes: frozenset[Finish]) -> Finish | None:
    """What a column of reverse holo prices means; None where there is none, or nobody can say."""
    has_others = finishes != {Finish.REVERSE}  # else the plain column is the reverse holo's
    is_known = finishes != ALL_FINISHES and Finish.REVERSE in finishes
    return Finish.REVERSE if is_known and has_others else None


def base_and_shiny(finishes: frozenset[Finish]) -> tuple[Finish | None, Finish | None]:
    """What the two columns of a source that knows no more than "plain" and "shiny" mean.

    None where nobody can say: of a holo card the plain column is the holo itself; where a holo and
    a reverse holo both exist beside a plain card, the other column is either.
    """
    if finishes == ALL_FINISHES:
        return None, None
    base = Finish.NORMAL if Finish.NORMAL in finishes else None
    others = sorted(finishes - {Finish.NORMAL})
    if base is None and len(others) == 1:
        return others[0], None
    if base is None and finishes == {Finish.HOLO, Finish.REVERSE}:
        return Finish.HOLO, Finish.REVERSE
    return base, others[0] if len(others) == 1 else None
