"""Cards that wait for a person, as the Review page and its JSON twin show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scanner.catalog.references import References
from scanner.price_table import Prices, price_of
from scanner.prices import Money
from scanner.records import Printing
from scanner.review import Stake, candidate_keys
from scanner.store import Store
from scanner.store_present import PresentAnswer
from scanner.tables import Batch, Scan
from webui import view, words
from webui.view import Json

MAX_CANDIDATES = 9
"""As many as there are keys."""


class ReviewView:
    """Scans with pictures and prices. Raises StoreError where the log can't be read."""

    def __init__(self, store: Store, references: References, data_dir: Path, currency: str) -> None:
        self._store = store
        self._references = references
        self._data_dir = data_dir
        self._currency = currency

    def queue(self, limit: int, batch_id: int | None, skipped: Sequence[int]) -> Json:
        """The cards with most at stake, those skipped last; and how much waits in all."""
        stakes = self._store.review_stakes(self._currency)
        in_batch = [stake for stake in stakes if batch_id in (None, stake.batch_id)]
        later = set(skipped)
        ordered = [stake for stake in in_batch if stake.scan_id not in later]
        ordered += [stake for stake in in_batch if stake.scan_id in later]
        gap = Money(sum(stake.gap_minor for stake in in_batch), self._currency)
        return {
            "waiting": len(in_batch),
            "waiting_in_all": len(stakes),
            "at_stake": str(gap) if gap.amount_minor else "",
            "undoable": self._store.last_named(1),
            "items": self.items([stake.scan_id for stake in ordered[:limit]], stakes),
        }

    def items(self, scan_ids: Sequence[int], stakes: Sequence[Stake] = ()) -> list[Json]:
        """These scans in this order, each with its candidates."""
        scans = self._store.scans(scan_ids)
        answers = self._store.present_answers(scan_ids)
        batch_ids = {scan.batch_id for scan in scans.values()}
        batches = {batch_id: self._store.batch(batch_id) for batch_id in batch_ids}
        wanted = {
            key
            for answer in answers.values()
            for key in candidate_keys(answer.candidates, answer.game, answer.pack_id)
        }
        prices = self._store.prices_of_many(wanted, self._currency)
        at_stake = {stake.scan_id: stake for stake in stakes}
        return [
            self._item(
                scans[number], answers[number], batches[scans[number].batch_id], prices,
                at_stake.get(number, Stake(number)),
            )
            for number in scan_ids
            if number in scans and number in answers
        ]  # fmt: skip

    def suggestions(self, typed: str, limit: int, game: str) -> list[Json]:
        """Printings of the whole catalog for what was typed so far."""
        found = self._references.suggest(typed, limit, game)
        keys = [(printing.game, printing.card_id) for printing in found]
        prices = self._store.prices_of_many(keys, self._currency)
        return [self._printing(printing, prices, "unknown") for printing in found]

    def _item(
        self, scan: Scan, answer: PresentAnswer, batch: Batch | None, prices: Prices, stake: Stake
    ) -> Json:
        fields = view.scan_json(scan, self._data_dir, answer)
        gap = Money(stake.gap_minor, self._currency)
        fields["stake"] = str(gap) if stake.gap_minor else ""
        fields["language"], fields["condition"] = answer.language, answer.condition
        fields["batch_name"] = batch.name if batch else ""
        fields["batch_language"] = batch.language if batch else ""
        fields["batch_condition"] = batch.condition if batch else ""
        fields["candidates"] = self._candidates(answer, prices)
        return fields

    def _candidates(self, answer: PresentAnswer, prices: Prices) -> list[Json]:
        keys = candidate_keys(answer.candidates, answer.game, answer.pack_id)
        shown: list[Json] = []
        for (game, card_id), entry in zip(keys, answer.candidates, strict=True):
            game = game or self._references.game_of(card_id)
            printing = Printing(
                card_id, game, *(str(entry.get(key, "")) for key in ("name", "set", "number"))
            )
            told = self._printing(printing, prices, answer.finish)
            told["variant"] = str(entry.get("variant", ""))
            told["confidence"] = words.confidence(_number(entry.get("score", 0.0)))
            shown.append(told)
        return shown[:MAX_CANDIDATES]

    def _printing(self, printing: Printing, prices: Prices, finish: str) -> Json:
        money = price_of(prices, (printing.game, printing.card_id), finish)
        picture = self._references.picture(printing.game, printing.card_id)
        return {
            "game": printing.game,
            "card_id": printing.card_id,
            "name": printing.name or printing.card_id,
            "set": printing.set,
            "number": printing.number,
            "variant": printing.variant,
            "price": str(money) if money else "",
            "picture": f"/catalog/{picture[0]}/{picture[1]}.jpg" if picture else "",
        }


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
