"""Made-up cards and price changes in a cloud on PostgreSQL, and what programs ask of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, event, text

from scanner.price_feed import PriceTold
from scanner.tables import utc_now
from sync.cloud.api.card_search import KnownCard, search_cards, take_cards
from sync.cloud.api.history import history_of
from sync.cloud.partitions import make_partitions
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.store import CloudStore

GAME, DAYS = "demo", 730
_KINDS = (("normal", "tcgcsv"), ("foil", "tcgcsv"), ("normal", "cardmarket"), ("foil", "scryfall"))
_STARTS = ("dra", "pi", "cha", "el", "mo", "ser", "gol", "an", "vi", "tor", "lu", "ka", "ze", "or")
_MIDDLES = ("ga", "ri", "no", "ka", "le", "mi", "to", "va", "sha", "lo", "du", "ne")
_ENDS = ("n", "zard", "chu", "th", "x", "ra", "mon", "gel", "phor", "tis", "don", "ly")
_KINDS_OF = ("Knight", "Spirit", "of Dawn", "Mage", "ex", "the Bold", "Guard", "Rider")

# Every kind of price of every card changes as often, at a time of its own within the month.
_A_MONTH = text("""
    INSERT INTO price_change
        (game, card_id, finish, condition, currency, source, amount_minor, as_of)
    SELECT 'demo', 'demo-' || lpad((n % :cards)::text, 6, '0'),
        (ARRAY['normal', 'foil', 'normal', 'foil'])[1 + (n / :cards) % 4], 'NM', 'EUR',
        (ARRAY['tcgcsv', 'tcgcsv', 'cardmarket', 'scryfall'])[1 + (n / :cards) % 4],
        100 + (n * 7919 % 5000), CAST(:begins AS timestamp) + random() * CAST(:lasts AS interval)
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
""")
_PRICES_NOW = text("""
    INSERT INTO price (game, set_name, card_id, finish, condition, currency, source, amount_minor,
        as_of, changed_in)
    SELECT c.game, c.set_name, c.card_id, k.finish, 'NM', 'EUR', k.source, 100 + c.id % 5000,
        CAST(:now AS timestamp), 1
    FROM card AS c, (VALUES ('normal', 'tcgcsv'), ('foil', 'tcgcsv'), ('normal', 'cardmarket'),
        ('foil', 'scryfall')) AS k (finish, source)
""")


class Rows:
    """The cards and prices of one measurement."""

    def __init__(self, store: CloudStore, cards: int, rows: int, chance: random.Random) -> None:
        self._store = store
        self._cards = cards
        self._rows = rows
        self._chance = chance
        self._names = [self._name() for _ in range(cards)]

    def load(self) -> None:
        """Put them into the database, month by month as they would have come."""
        take_cards(
            self._store,
            (
                KnownCard(GAME, self.card_id(at), name, f"Set {at // 250}", f"{at % 250}/250")
                for at, name in enumerate(self._names)
            ),
        )
        now = utc_now()
        span = timedelta(days=30)
        begins = [now - timedelta(days=DAYS) + span * at for at in range(DAYS // 30)]
        each = self._rows // len(begins)
        for at, begin in enumerate(begins):
            with self._store.log.write() as session:
                connection = session.connection()
                make_partitions(connection, [begin, begin + span])
                words = {
                    "cards": self._cards, "begins": begin.replace(tzinfo=None), "lasts": span,
                    "first": at * each, "last": (at + 1) * each - 1,
                }  # fmt: skip
                connection.execute(_A_MONTH, words)
        with self._store.log.write() as session:
            session.connection().execute(_PRICES_NOW, {"now": now.replace(tzinfo=None)})
            session.connection().execute(
                text("INSERT INTO price_feed SELECT DISTINCT game, set_name, 1, 0, 0 FROM price")
            )
        with self._store.log.write() as session:
            session.connection().execute(text("ANALYZE"))

    def count(self) -> int:
        """Price changes on disk."""
        with self._store.log.read() as session:
            query = text("SELECT count(*) FROM price_change")
            return int(session.connection().execute(query).scalar_one())

    def size_mb(self) -> int:
        """The database's size on disk."""
        with self._store.log.read() as session:
            query = text("SELECT pg_database_size(current_database())")
            return int(session.connection().execute(query).scalar_one()) // 1_000_000

    def card_id(self, at: int) -> str:
        """The id of one of the cards."""
        return f"demo-{at:06d}"

    def searches(self) -> Iterator[str]:
        """Words as a clerk types them: a beginning, a name, a name with set or number."""
        while True:
            at = self._chance.randrange(self._cards)
            name = self._names[at]
            words = self._chance.choice(
                [name, name[: self._chance.randint(2, 5)], f"{name} set {at // 250}",
                 f"{name.split()[0]} {at % 250}", f"{at % 250}/250"]
            )  # fmt: skip
            offset = self._chance.randrange(3) * 20
            yield f"/api/v1/cards?q={quote(words)}&offset={offset}"

    def histories(self) -> Iterator[str]:
        """A card's prices over a month to two years."""
        while True:
            at, days = self._chance.randrange(self._cards), self._chance.randint(30, DAYS)
            yield f"/api/v1/card/history?game={GAME}&card_id={self.card_id(at)}&days={days}"

    def cards_asked(self) -> Iterator[str]:
        """A card with its statistics."""
        while True:
            at, days = self._chance.randrange(self._cards), self._chance.randint(30, 365)
            yield f"/api/v1/card?game={GAME}&card_id={self.card_id(at)}&days={days}"

    def popular(self, asks: int) -> list[str]:
        """Requests of a day: the cards of the moment often, others now and then (Zipf)."""
        cards = [self._chance.randrange(self._cards) for _ in range(1000)]
        weights = [1 / (place + 1) for place in range(len(cards))]
        chosen = self._chance.choices(cards, weights, k=asks)
        return [f"/api/v1/card?game={GAME}&card_id={self.card_id(at)}" for at in chosen]

    def change_a_price(self) -> None:
        """A source says something new."""
        told = PriceTold(
            self.card_id(0), "normal", "NM", "EUR", self._chance.randint(1, 10_000), "tcgcsv",
            utc_now(),
        )  # fmt: skip
        tell_prices(self._store, GAME, "Set 0", [told], now_ms())

    def _name(self) -> str:
        chance = self._chance
        word = "".join(map(chance.choice, (_STARTS, _MIDDLES, _MIDDLES, _ENDS)))
        return f"{word.capitalize()} {chance.choice(_KINDS_OF)}"


def plan_of_search(store: CloudStore) -> str:
    """How PostgreSQL finds cards by words: the plan of the API's own statement."""
    return _plan(store, lambda connection: search_cards(connection, "dra", limit=21))


def plan_of_history(store: CloudStore, card_id: str) -> str:
    """How it finds a card's price changes of a year."""
    since = utc_now() - timedelta(days=365)
    return _plan(store, lambda connection: history_of(connection, GAME, card_id, since, {}))


def _plan(store: CloudStore, ask: Callable[[Connection], object]) -> str:
    """The plan of the last statement that `ask` sends."""
    sent: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, values: Any, ___: Any, ____: Any) -> None:
        sent.append((statement, values))

    with store.log.read() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", note)
        ask(connection)
        statement, values = sent[-1]
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", values)
        return "\n".join(rows.scalars())
