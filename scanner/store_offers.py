"""The calls on offers: a person's words on single cards, and how a lot's offer ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select

from scanner.prices import Money
from scanner.store_rules import RuleStore
from scanner.tables import Scan
from scanner.tables_offers import OfferMade, OfferWord

PRICE, SKIP, UNDONE = "price", "skip", "undone"


class OfferStore(RuleStore):
    """The part of `scanner.store.Store` that keeps offers."""

    def add_offer_word(
        self, scan_id: int, kind: str, cash: Money | None = None, credit: Money | None = None
    ) -> OfferWord:
        """Note a person's word on what is paid for a card, see `OfferWord`."""
        self._only("web")
        word = OfferWord(
            scan_id=scan_id,
            kind=kind,
            currency=cash.currency if cash else "",
            cash_minor=cash.amount_minor if cash else 0,
            credit_minor=credit.amount_minor if credit else 0,
        )
        with self._log.write() as session:
            session.add(word)
        return word

    def offer_words(self, batch_id: int) -> dict[int, OfferWord]:
        """The words that stand on a batch's cards, by scan id."""
        query = (
            select(OfferWord)
            .join(Scan)
            .where(col(Scan.batch_id) == batch_id)
            .order_by(col(OfferWord.id))
        )
        with self._log.read() as session:
            newest = {word.scan_id: word for word in session.exec(query)}
        return {scan_id: word for scan_id, word in newest.items() if word.kind != UNDONE}

    def end_offer(
        self,
        batch_id: int,
        outcome: str,
        cash: Money,
        credit: Money,
        lines: Sequence[dict[str, Any]],
    ) -> OfferMade:
        """Note how a batch's offer ended, with what was offered."""
        self._only("web")
        made = OfferMade(
            batch_id=batch_id,
            outcome=outcome,
            currency=cash.currency,
            cash_minor=cash.amount_minor,
            credit_minor=credit.amount_minor,
            lines=list(lines),
        )
        with self._log.write() as session:
            session.add(made)
        return made

    def ended_offer(self, batch_id: int) -> OfferMade | None:
        """How a batch's offer ended; None while it is open."""
        query = select(OfferMade).where(OfferMade.batch_id == batch_id)
        with self._log.read() as session:
            made = session.exec(query.order_by(col(OfferMade.id).desc()).limit(1)).first()
        return None if made is None or made.outcome == UNDONE else made
