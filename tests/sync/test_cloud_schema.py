from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert, inspect, select, text

from scanner.errors import ConfigError, StoreError
from scanner.price_feed import PriceTold
from scanner.store_open import Log, make_file
from sync.bench_postgres import PostgresServer
from sync.cloud.intake import Arrived
from sync.cloud.partitions import make_partitions, month_of, next_month, partition_name
from sync.cloud.postgres import Postgres
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.schema import migrate, revision_of, revisions
from sync.cloud.store import DATABASE, CloudStore
from sync.cloud.tables import METADATA, PRICE_CHANGE, all_tables
from tests.sync.conftest import DEVICE
from tests.sync.test_wire import LOG, scans

AS_OF = datetime(2026, 5, 3, 6, tzinfo=UTC)
NOW = datetime.now(UTC)


@contextmanager
def writing(log: Log | Postgres) -> Iterator[Connection]:
    with log.write() as session:
        yield session.connection()


def rows(store: CloudStore, query: Any) -> list[tuple[Any, ...]]:
    with store.log.read() as session:
        found = session.connection().execute(text(query) if isinstance(query, str) else query)
        return [tuple(row) for row in found]


def is_of_one_database_only(name: str) -> bool:
    """The months of the price history and the search by words on PostgreSQL; FTS5 on SQLite."""
    return name.startswith(("price_change_", "card_words", "ix_card_words"))


def test_the_tables_are_those_that_the_migrations_make(either_cloud: CloudStore) -> None:
    all_tables()
    with either_cloud.log.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        wrong = [
            each
            for each in compare_metadata(context, METADATA)
            if not (each[0] == "remove_table" and is_of_one_database_only(each[1].name))
            and not (each[0] == "remove_index" and is_of_one_database_only(each[1].table.name))
            and not (each[0] == "remove_index" and is_of_one_database_only(each[1].name))
            and not (each[0] == "remove_column" and f"{each[2]}_{each[3].name}" == "card_words")
        ]
    assert wrong == []


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_earlier_revision_is_brought_to_todays(
    database: str, tmp_path: Path, postgres: PostgresServer
) -> None:
    for number, begun_at in enumerate(revisions()):
        url = postgres.new_database() if database == "postgresql" else ""
        folder = tmp_path / str(number)
        if not url:
            make_file(folder, DATABASE)
        log = Postgres(url) if url else Log(folder, "web", DATABASE)
        with writing(log) as connection:
            migrate(connection, begun_at)
            assert revision_of(connection) == begun_at
            connection.execute(
                text(
                    "INSERT INTO received (device, log, stream, up_to) VALUES ('a', 'b', 'scan', 7)"
                )
            )
        log.close()
        with CloudStore(folder, url) as store:
            assert rows(store, "SELECT version_num FROM alembic_version") == [(revisions()[-1],)]
            assert store.received("a", "b") == {"scan": 7}


def test_a_cloud_made_before_the_migrations_is_taken_over_without_loss(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE) as old:
        old.executescript(Path(__file__).with_name("cloud_0001.sql").read_text(encoding="utf-8"))
        old.execute("PRAGMA user_version = 1")
        old.execute("INSERT INTO received VALUES (?, ?, 'scan', 2)", (DEVICE, LOG))
        old.execute(
            "INSERT INTO price_change (game, card_id, finish, condition, currency, source, "
            "amount_minor, as_of) VALUES ('demo', 'c', 'normal', 'NM', 'EUR', 's', 250, ?)",
            ("2026-05-01 06:00:00.000000",),
        )
    old.close()
    with CloudStore(tmp_path) as store:
        assert store.received(DEVICE, LOG) == {"scan": 2}
        store.take([Arrived(DEVICE, "scan", scans(3, after=2))])  # type: ignore[arg-type]
        assert store.received(DEVICE, LOG) == {"scan": 3}
        assert rows(store, select(PRICE_CHANGE.c.amount_minor, PRICE_CHANGE.c.as_of)) == [
            (250, datetime(2026, 5, 1, 6, tzinfo=UTC))
        ]
    with CloudStore(tmp_path) as again:
        assert again.received(DEVICE, LOG) == {"scan": 3}


def test_a_database_of_a_newer_release_is_left_alone(either_cloud: CloudStore) -> None:
    with writing(either_cloud.log) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with (
        pytest.raises(StoreError, match="9999.*update Counterscan"),
        writing(either_cloud.log) as connection,
    ):
        migrate(connection)


def told(*times: datetime) -> list[PriceTold]:
    return [
        PriceTold(f"card-{at}", "normal", "NM", "EUR", 100 + at, "tcgcsv", time)
        for at, time in enumerate(times)
    ]


def partitions(store: CloudStore) -> dict[str, int]:
    query = "SELECT tableoid::regclass::text, count(*) FROM price_change GROUP BY 1"
    return {str(name): int(number) for name, number in rows(store, query)}


def test_price_history_lies_in_a_table_for_each_month(postgres_url: str, tmp_path: Path) -> None:
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    with CloudStore(tmp_path, postgres_url) as store:
        tell_prices(store, "demo", "A", told(AS_OF, AS_OF + timedelta(days=40), long_ago), now_ms())
        assert partitions(store) == {
            "price_change_2026_05": 1, "price_change_2026_06": 1, "price_change_other": 1
        }  # fmt: skip
        plan = rows(store, "EXPLAIN SELECT * FROM price_change WHERE as_of < '2026-05-20'")
        assert not any("price_change_2026_06" in line for (line,) in plan)


def test_rows_that_came_before_their_months_table_are_moved_into_it(
    postgres_url: str, tmp_path: Path
) -> None:
    row = {
        "game": "demo", "card_id": "c", "finish": "normal", "condition": "NM", "currency": "EUR",
        "source": "s", "amount_minor": 1, "as_of": AS_OF,
    }  # fmt: skip
    with CloudStore(tmp_path, postgres_url) as store:
        with writing(store.log) as connection:
            connection.execute(insert(PRICE_CHANGE), [row])
        assert partitions(store) == {"price_change_other": 1}
        with writing(store.log) as connection:
            assert make_partitions(connection, [AS_OF]) == ["price_change_2026_05"]
            assert make_partitions(connection, [AS_OF]) == []
        assert partitions(store) == {"price_change_2026_05": 1}
        with writing(store.log) as connection:
            assert {"ix_price_change_card"} <= {
                each["name"] for each in inspect(connection).get_indexes("price_change")
            }
            assert inspect(connection).get_indexes("price_change_2026_05")


def test_the_month_after_december_is_january() -> None:
    december = month_of(datetime(2025, 12, 31, 23, tzinfo=UTC))
    assert partition_name(next_month(december)) == "price_change_2026_01"


def test_two_processes_open_an_empty_database_at_once(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.new_database()

    def opened(_: int) -> None:
        CloudStore(tmp_path, url).log.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(opened, range(4)))


def test_a_database_that_is_not_there_or_refuses_says_what_to_do(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    wrong = postgres.url("postgres").replace("not-a-secret", "guessed")
    with pytest.raises(ConfigError, match="does not let the cloud in") as refused:
        CloudStore(tmp_path, wrong)
    assert "guessed" not in str(refused.value)
    nowhere = "postgresql+psycopg://counterscan:x@127.0.0.1:9/cloud"
    with pytest.raises(StoreError, match="can't be used just now"):
        CloudStore(tmp_path, nowhere)


def test_the_data_version_moves_with_what_others_write(
    either_cloud: CloudStore,
) -> None:
    before = either_cloud.log.data_version()
    assert either_cloud.log.data_version() == before
    either_cloud.take([Arrived(DEVICE, "scan", scans(1))])  # type: ignore[arg-type]
    assert either_cloud.log.data_version() != before
