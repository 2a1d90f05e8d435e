"""The finish of an answer: which ones its printing exists in, and which one the lights show.

A pack says what exists in the CSV column `finishes`, such as `normal|foil`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scanner.finish import judge_finish
from scanner.finish_light import EvenPair
from scanner.finishes import ALL_FINISHES, read_finishes
from scanner.records import Decision, Finish, Identification

if TYPE_CHECKING:
    from scanner.catalog.pack import Pack


class FinishFacts:
    """Looks the finishes of printings up in the packs in use."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        """Nothing is read before it is asked for."""
        self._packs = {pack.pack_id: pack for pack in packs}

    def of_answer(self, answer: Identification, pair: EvenPair | None) -> Finish:
        """The finish of the card in an answer; `pair` is its upright crop in two lights, if any.

        A card in review may be another printing, so its printing's finishes rule nothing out.
        """
        if answer.printing is None:
            return Finish.UNKNOWN
        allowed = ALL_FINISHES
        if answer.decision is Decision.ACCEPTED:
            allowed = self.of(answer.printing.card_id, answer.pack_id)
        return judge_finish(pair, allowed)

    def of(self, card_id: str, pack_id: str) -> frozenset[Finish]:
        """The finishes that exist of this printing; all of them when nobody says."""
        pack = self._packs.get(pack_id)
        if pack is None:
            return ALL_FINISHES
        return read_finishes(pack.facts_of(card_id).get("finishes", ""))
