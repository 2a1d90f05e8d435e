"""The printings that the cloud knows, and searching them by words: FTS5, or tsvector with GIN."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, TextClause, func, or_, select, text, tuple_

from scanner.price_sources import USUAL_ORDER, Priced
from scanner.prices import Money
from scanner.records import Finish
from scanner.tables import utc_now
from sync.cloud.store import CloudStore
from sync.cloud.tables import LOG_TABLES, PRICE, insert_for
from sync.cloud.tables_api import CARD

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 12
_AT_ONCE = 500
_FACTS = ("name", "set_name", "number", "variant")


@dataclass(frozen=True, slots=True)
class KnownCard:
    """One printing."""

    game: str
    card_id: str
    name: str
    set_name: str = ""
    number: str = ""
    variant: str = ""


def words_of(words: str) -> list[str]:
    """The words of a text in small letters and without accents: `Pikachu 25/102` has three."""
    plain = unicodedata.normalize("NFKD", words.casefold())
    return _WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))


def take_cards(store: CloudStore, cards: Iterable[KnownCard]) -> int:
    """Learn of cards, or of other facts on known ones; how many were new or changed."""
    now_ms = int(utc_now().timestamp() * 1000)
    rows = [
        {
            **asdict(card),
            "folded_name": " ".join(words_of(card.name)),
            "folded": " ".join(words_of(f"{card.name} {card.set_name} {card.number} "
                                        f"{card.variant} {card.card_id}")),
            "changed_in": now_ms,
        }
        for card in {(card.game, card.card_id): card for card in cards}.values()
    ]  # fmt: skip
    changed = 0
    with store.log.write() as session:
        connection = session.connection()
        for at in range(0, len(rows), _AT_ONCE):
            new = insert_for(connection, CARD).values(rows[at : at + _AT_ONCE])
            other = or_(*(CARD.c[name] != new.excluded[name] for name in _FACTS))
            taking = new.on_conflict_do_update(
                index_elements=["game", "card_id"],
                set_={name: new.excluded[name] for name in (
                    *_FACTS, "folded_name", "folded", "changed_in")},
                where=other,
            )  # fmt: skip
            changed += len(connection.execute(taking.returning(CARD.c.id)).all())
    return changed


def known_cards(store: CloudStore, game: str) -> set[KnownCard]:
    """The cards of a game that are known already, with their facts."""
    query = select(CARD.c.game, CARD.c.card_id, *(CARD.c[name] for name in _FACTS))
    with store.log.read() as session:
        rows = session.connection().execute(query.where(CARD.c.game == game))
        return {KnownCard(*row) for row in rows}


def learn_scanned_cards(store: CloudStore) -> int:
    """Learn of the cards that devices have named and nobody else has told of; how many.

    A card is named by a scan, when its picture is tried again, or by a person.
    """
    found: dict[tuple[str, str], KnownCard] = {}
    with store.log.read() as session:
        for name in ("scan", "retry", "correction"):
            said = LOG_TABLES[name].c
            known = select(CARD.c.id).where(
                CARD.c.game == said.game, CARD.c.card_id == said.card_id
            )
            is_sure = said.kind == "corrected" if name == "correction" else (
                said.decision == "accepted"
            )  # fmt: skip
            query = (
                select(said.game, said.card_id, *(func.max(said[fact]) for fact in _FACTS))
                .where(is_sure, said.card_id != "", ~known.exists())
                .group_by(said.game, said.card_id)
            )
            for row in session.connection().execute(query):
                found.setdefault((row[0], row[1]), KnownCard(*row))
    return take_cards(store, list(found.values()))


def search_cards(
    connection: Connection,
    asked: str,
    *,
    game: str = "",
    set_name: str = "",
    limit: int = 20,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """The cards that have every word asked for; the last one may be the beginning of a word.

    Those whose name begins with what was asked come first, then short names before long ones.
    """
    words = words_of(asked)[:_MOST_WORDS]
    wanted: list[ColumnElement[bool] | TextClause] = []
    if words:
        wanted.append(_matching(connection.dialect.name, words))
    if game:
        wanted.append(CARD.c.game == game)
    if set_name:
        wanted.append(CARD.c.set_name == set_name)
    begins = CARD.c.folded_name.startswith(" ".join(words), autoescape=True)
    query = (
        select(CARD.c.game, CARD.c.card_id, *(CARD.c[name] for name in _FACTS))
        .where(*wanted)
        .order_by(begins.desc(), func.length(CARD.c.folded_name), CARD.c.folded_name, CARD.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def prices_of_cards(
    connection: Connection,
    cards: Sequence[tuple[str, str]],
    currencies: Sequence[str],
    *,
    others: bool = False,
) -> dict[tuple[str, str], dict[str, Any]]:
    """The one price that stands for each card: by the first source in the usual order that knows
    it, of the normal finish and near mint if there is.

    It is in the first of `currencies` that the card has a price in; with `others`, else in any.
    """
    kind = (PRICE.c.finish, PRICE.c.condition, PRICE.c.currency, PRICE.c.source)
    query = select(PRICE.c.game, PRICE.c.card_id, *kind, PRICE.c.amount_minor, PRICE.c.as_of).where(
        tuple_(PRICE.c.game, PRICE.c.card_id).in_(cards)
    )
    if not others:
        query = query.where(PRICE.c.currency.in_(currencies))
    told: dict[tuple[str, str], list[Priced]] = {}
    for row in connection.execute(query.order_by(PRICE.c.as_of)) if cards else ():
        money = Money(row.amount_minor, row.currency)
        price = Priced(row.finish, row.condition, money, row.source, row.as_of.isoformat())
        told.setdefault((row.game, row.card_id), []).append(price)
    found = {}
    for key, prices in told.items():
        known = {price.money.currency for price in prices}
        for currency in (*currencies, *sorted(known.difference(currencies))):
            of_one = [price for price in prices if price.money.currency == currency]
            best = min(USUAL_ORDER.chosen(of_one), key=_preference, default=None)
            if best is not None:
                found[key] = _told(best)
                break
    return found


def _preference(price: Priced) -> tuple[bool, bool]:
    return price.finish != Finish.NORMAL, price.condition not in ("NM", "")


def _told(price: Priced) -> dict[str, Any]:
    return {
        "finish": price.finish, "condition": price.condition, "currency": price.money.currency,
        "source": price.source, "amount_minor": price.money.amount_minor,
        "as_of": datetime.fromisoformat(price.as_of),
    }  # fmt: skip


def _matching(dialect: str, words: Sequence[str]) -> TextClause:
    """A condition in the database's own words; `words` are letters and digits only."""
    if dialect == "postgresql":
        terms = [f"'{word}'" for word in words]
        if len(words[-1]) > 1:
            terms[-1] += ":*"
        return text("card.words @@ CAST(:terms AS tsquery)").bindparams(terms=" & ".join(terms))
    terms = [f'"{word}"' for word in words]
    if len(words[-1]) > 1:
        terms[-1] += " *"
    return text(
        "card.id IN (SELECT rowid FROM card_words WHERE card_words MATCH :terms)"
    ).bindparams(terms=" ".join(terms))
