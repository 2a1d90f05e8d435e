"""A shop's log with rules, prices and lists, and answers as the recogniser gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from scanner.records import Candidate, Decision, Finish, Identification, Printing, View
from scanner.routing import Mode
from scanner.sorting.shop_router import ShopRouter
from scanner.store import Store
from scanner.tables import Price

FACTS: Mapping[str, Mapping[str, str]] = {
    "A-1": {"rarity": "Rare", "color": "Red", "finishes": "normal|foil", "artist": "N. Ames"},
    "A-2": {"rarity": "Common", "color": "Blue|Red", "finishes": "normal"},
    "B-1": {"rarity": "Common", "color": "", "set_name": "Second Dawn", "language": "ja"},
}


class Facts:
    def facts_of(self, game: str, card_id: str) -> Mapping[str, str]:
        return FACTS.get(card_id, {})


def answer(
    card_id: str, decision: Decision = Decision.ACCEPTED, finish: Finish = Finish.UNKNOWN
) -> Identification:
    """The card `A-1` is number 1 of set A."""
    in_set, number = card_id.split("-")
    printing = Printing(card_id, "demo", f"Card {card_id}", in_set, number)
    return Identification(
        decision=decision,
        reasons=(),
        view=View.CARD,
        printing=None if decision is Decision.UNKNOWN else printing,
        candidates=(Candidate(printing, 0.97),),
        finish=finish,
    )


class Shop:
    """The log, written by both processes."""

    def __init__(self, data_dir: Path) -> None:
        self.feed = Store.open(data_dir, role="feed")
        self.web = Store.open(data_dir, role="web")
        self.batch_id = 0

    def price(
        self,
        card_id: str,
        cents: int,
        finish: str = "normal",
        condition: str = "NM",
        source: str = "test",
    ) -> None:
        """Note a price as the sync process does."""
        row = Price(
            game="demo",
            card_id=card_id,
            finish=finish,
            condition=condition,
            currency="EUR",
            amount_minor=cents,
            source=source,
            as_of=datetime.now(UTC),
        )
        with self.feed._log.write() as session:
            assert isinstance(session, Session)
            session.add(row)

    def use_rules(self, rules: Mapping[str, Any], name: str = "Shop") -> None:
        """Write rules on the page and put them in force."""
        content = {"name": name, "unidentified_bin": 9, **rules}
        self.web.add_rule_set("sort", name, content)
        self.web.choose_rules("sort", name)

    def router(self, bins: int = 9) -> ShopRouter:
        """The feed process's router, as after a start."""
        return ShopRouter(self.feed, Facts(), "EUR", bins)

    def begin(self, router: ShopRouter, mode: Mode = Mode.SORT, **plan: str) -> int:
        """Begin a batch."""
        batch = self.feed.create_batch("Box", 0, "test", mode=mode)
        self.batch_id = batch.id or 0
        router.begin(self.batch_id, mode)
        return self.batch_id

    def pass_card(self, router: ShopRouter, seen: Identification) -> int:
        """Route a card, log it with its route, and return its bin."""
        routing = router.route(seen, frozenset())
        scan = self.feed.commit_scan(
            self.batch_id,
            seen,
            feed_key=None,
            driver="test",
            finish=seen.finish.value,
            routing=routing,
        )
        router.learn(scan.id or 0, seen, routing)
        return routing.bin

    def close(self) -> None:
        self.web.close()
        self.feed.close()
