"""Which finishes a printing exists in, as a catalog's table says it. Loads no vision."""

from __future__ import annotations

from scanner.records import Finish

ALL_FINISHES = frozenset({Finish.NORMAL, Finish.HOLO, Finish.REVERSE, Finish.FOIL})


def read_finishes(text: str) -> frozenset[Finish]:
    """The finishes that a table's column names, such as `normal|foil`; all when it says nothing.

    A word that names no finish leaves all of them possible: then nothing may be ruled out.
    """
    words = [word.strip().lower() for word in text.replace(",", "|").split("|") if word.strip()]
    named = {finish for finish in ALL_FINISHES if finish.value in words}
    return frozenset(named) if named and len(named) == len(set(words)) else ALL_FINISHES
