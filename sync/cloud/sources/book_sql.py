"""The sources' book in the cloud's database. See `sync.cloud.sources.book.Book`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, fields
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, insert, select, update

from scanner.tables import utc_now
from sync.cloud.bulk import insert_many
from sync.cloud.sources.book import DayOfUse, Use, Validators
from sync.cloud.sources.records import LeftOut, Link, Outcome, Printing, Reach, Run
from sync.cloud.store import CloudStore
from sync.cloud.tables import LOG_TABLES, hold, insert_new, upsert
from sync.cloud.tables_sources import (
    SOURCE_BODY,
    SOURCE_LEFT_OUT,
    SOURCE_LINK,
    SOURCE_RUN,
    SOURCE_USAGE,
)

MOST_LEFT_OUT = 20_000
SCANS_OF_DAYS = 90
_LINK = tuple(field.name for field in fields(Link))
_PRINTING = ("card_id", "game", "name", "set_name", "number", "variant")
_ZERO = {"requests": 0, "received_bytes": 0, "unchanged": 0, "failures": 0, "cost_micro": 0}


class SqlBook:
    """Thread-safe: every call is a transaction of its own."""

    def __init__(
        self, store: CloudStore, cost_micro_per_request: Mapping[str, int] | None = None
    ) -> None:
        """Keep it in this database; count what requests of a source cost the shop."""
        self._store = store
        self._costs = cost_micro_per_request or {}

    def spend(self, source: str, at: datetime, most_per_day: int) -> bool:
        """See `Book`."""
        key = {"source": source, "day": at.date()}
        with self._store.log.write() as session:
            connection = session.connection()
            insert_new(connection, SOURCE_USAGE, [{**key, **_ZERO}])
            c = SOURCE_USAGE.c
            done = connection.execute(
                update(SOURCE_USAGE)
                .where(c.source == source, c.day == at.date(), c.requests < most_per_day)
                .values(
                    requests=c.requests + 1,
                    cost_micro=c.cost_micro + self._costs.get(source, 0),
                )
            )
            return done.rowcount == 1

    def note(self, source: str, at: datetime, use: Use) -> None:
        """See `Book`."""
        c = SOURCE_USAGE.c
        with self._store.log.write() as session:
            connection = session.connection()
            insert_new(connection, SOURCE_USAGE, [{"source": source, "day": at.date(), **_ZERO}])
            connection.execute(
                update(SOURCE_USAGE)
                .where(c.source == source, c.day == at.date())
                .values({c[name]: c[name] + value for name, value in asdict(use).items()})
            )

    def usage(self, since: date) -> list[DayOfUse]:
        """See `Book`."""
        c = SOURCE_USAGE.c
        query = select(SOURCE_USAGE).where(c.day >= since).order_by(c.day, c.source)
        with self._store.log.read() as session:
            rows = session.connection().execute(query).mappings()
            return [DayOfUse(**row) for row in rows]

    def validators(self, source: str, url: str, scope: str) -> Validators:
        """See `Book`."""
        c = SOURCE_BODY.c
        query = select(c.etag, c.last_modified).where(
            c.source == source, c.url == url, c.scope == scope
        )
        with self._store.log.read() as session:
            row = session.connection().execute(query).first()
        return Validators(*row) if row else Validators()

    def remember(self, source: str, url: str, scope: str, validators: Validators) -> None:
        """See `Book`."""
        row = {"source": source, "url": url, "scope": scope, **asdict(validators)}
        with self._store.log.write() as session:
            upsert(session.connection(), SOURCE_BODY, [row])

    def runs_since(self, at: datetime) -> list[Run]:
        """See `Book`."""
        c = SOURCE_RUN.c
        query = select(SOURCE_RUN).where(c.started_at >= at).order_by(c.id)
        with self._store.log.read() as session:
            rows = session.connection().execute(query).mappings().all()
        return [
            Run(
                row["source"], row["game"], Reach(row["reach"]), row["started_at"],
                row["ended_at"], Outcome(row["outcome"]), row["prices"], row["changed"],
                row["left_out"], row["retryable"], row["problem"], row["not_before"], row["error"],
            )
            for row in rows
        ]  # fmt: skip

    def add_run(self, run: Run) -> None:
        """See `Book`."""
        row = {**asdict(run), "reach": run.reach.value, "outcome": run.outcome.value}
        with self._store.log.write() as session:
            session.connection().execute(insert(SOURCE_RUN), [row])

    def links(self, game: str) -> list[Link]:
        """See `Book`."""
        query = select(SOURCE_LINK).where(SOURCE_LINK.c.game == game)
        with self._store.log.read() as session:
            return [Link(**row) for row in session.connection().execute(query).mappings()]

    def add_links(self, links: Iterable[Link]) -> None:
        """See `Book`."""
        by_hand: dict[tuple[str, str, str], tuple[object, ...]] = {}
        told: dict[tuple[str, str, str], tuple[object, ...]] = {}
        for link in links:
            (by_hand if link.is_by_hand else told)[_key(link)] = astuple(link)
        with self._store.log.write() as session:
            connection = session.connection()
            insert_many(connection, SOURCE_LINK, _LINK, list(by_hand.values()), "replace")
            insert_many(connection, SOURCE_LINK, _LINK, list(told.values()), "keep")

    def set_left_out(self, source: str, game: str, left_out: Sequence[LeftOut]) -> None:
        """See `Book`."""
        c = SOURCE_LEFT_OUT.c
        names = [field.name for field in fields(LeftOut)]
        rows = [
            (source, game, *(str(getattr(each, name)) for name in names))
            for each in left_out[:MOST_LEFT_OUT]
        ]
        with self._store.log.write() as session:
            connection = session.connection()
            hold(connection, "left out", source, game)
            connection.execute(delete(SOURCE_LEFT_OUT).where(c.source == source, c.game == game))
            insert_many(connection, SOURCE_LEFT_OUT, ("source", "game", *names), rows)

    def left_out(self, source: str = "", game: str = "") -> list[dict[str, str]]:
        """The list of what of the sources belongs to no printing."""
        c = SOURCE_LEFT_OUT.c
        query = select(*(column for column in c if column.name != "id")).order_by(c.id)
        for column, value in ((c.source, source), (c.game, game)):
            if value:
                query = query.where(column == value)
        with self._store.log.read() as session:
            return [dict(row) for row in session.connection().execute(query).mappings()]

    def most_scanned(self, most: int) -> list[tuple[str, str]]:
        """See `Book`."""
        c = LOG_TABLES["scan"].c
        count = func.count().label("scans")
        query = (
            select(c.game, c.card_id)
            .where(c.card_id != "", c.created_at >= utc_now() - timedelta(days=SCANS_OF_DAYS))
            .group_by(c.game, c.card_id)
            .order_by(count.desc(), c.game, c.card_id)
            .limit(most)
        )
        with self._store.log.read() as session:
            return [(row[0], row[1]) for row in session.connection().execute(query)]

    def seen_printings(self, game: str) -> list[Printing]:
        """See `Book`."""
        found: dict[str, Printing] = {}
        with self._store.log.read() as session:
            for name in ("scan", "correction"):
                c = LOG_TABLES[name].c
                columns = [c[key] for key in _PRINTING]
                query = select(*columns).where(c.game == game, c.card_id != "").distinct()
                for row in session.connection().execute(query):
                    found[row.card_id] = Printing(*row)
        return list(found.values())

    def seen_games(self) -> list[str]:
        """See `Book`."""
        c = LOG_TABLES["scan"].c
        query = select(c.game).where(c.game != "").distinct().order_by(c.game)
        with self._store.log.read() as session:
            return [row[0] for row in session.connection().execute(query)]


def _key(link: Link) -> tuple[str, str, str]:
    return link.game, link.kind, link.their_id
