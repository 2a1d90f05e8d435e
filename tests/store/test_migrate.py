from __future__ import annotations

import importlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlmodel import SQLModel

import scanner
from scanner.errors import StoreError
from scanner.migrate import latest_version, migrate, migrations, version_of
from scanner.store import Store

TABLES = {
    "batch",
    "batch_event",
    "scan",
    "feed_movement",
    "command",
    "command_done",
    "retry",
    "packs_in_use",
    "correction",
    "price",
    "route",
    "bin_emptied",
    "rule_set",
    "rules_chosen",
    "card_list",
    "batch_rules",
    "offer_word",
    "offer_made",
    "stock_change",
    "stock_edit",
    "saved_filter",
    "stock_export",
    "stock_export_card",
    "tcgplayer_sku",
    "tcgplayer_set",
    "hand_count",
    "batch_word",
    "upload",
    "upload_picture",
    "upload_stop",
    "upload_result",
    "sync_cursor",
    "sync_event",
    "price_confirmed",
    "alert_raised",
    "alert_told",
    "alert_closed",
    "alert_closed_told",
    "update_event",
    "remote_command",
    "remote_answer",
    "sync_answer",
    "update_announced",
    "alert_withdrawn",
    "alert_cursor",
    "shared_rule_said",
    "shared_rule_told",
    "shared_lists_told",
}
CURSORS = {"sync_cursor", "alert_cursor", "price_confirmed", "update_announced"}

TABLE_MODULES = [
    importlib.import_module(f"scanner.{file.stem}")
    for file in sorted(Path(scanner.__path__[0]).glob("tables*.py"))
]

_SCAN_AT_FIRST = """id, batch_id, sequence, feed_key, decision, reasons, view, game, card_id, name,
    set_name, number, variant, finish, score, candidates, corners_px, upside_down, stages_ms,
    crop_path, recognizer, model_id, pack_id, driver, captured_mono_ns, boot_id, created_at"""
_RETRY_AT_FIRST = """id, scan_id, tried_with, outcome, decision, reasons, game, card_id, name,
    set_name, number, variant, finish, score, candidates, stages_ms, recognizer, model_id, pack_id,
    created_at"""

ROWS: dict[int, list[str]] = {
    1: [
        """INSERT INTO batch (id, name, expected_cards, driver, created_at)
        VALUES (1, 'old', 9, 'usb', '2025-01-01 10:00:00.000000')""",
        """INSERT INTO batch_event
        VALUES (1, 1, 'started', '', 0, 5, 'boot', '2025-01-01 10:00:00.000000')""",
        f"""INSERT INTO scan ({_SCAN_AT_FIRST})
        VALUES (1, 1, 1, 'k1', 'accepted', '[]', 'card', 'demo', 'c1',
        'Old card', 'Set', '1', '', 'unknown', 0.9, '[]', '[]', 0, '{{}}', '', 'embedder', 'm', 'p',
        'usb', 6, 'boot', '2025-01-01 10:00:00.000000')""",
        "INSERT INTO command VALUES (1, 'start', '{}', '2025-01-01 10:00:00.000000')",
        "INSERT INTO command_done VALUES (1, 'done', '2025-01-01 10:00:00.000000')",
    ],
}
ROWS[2] = [
    *ROWS[1],
    """INSERT INTO packs_in_use
    VALUES (1, 'w1', '["demo@1"]', 'm', 0, '2025-01-01 10:00:00.000000')""",
    f"""INSERT INTO retry ({_RETRY_AT_FIRST})
    VALUES (1, 1, 'w2', 'accepted', 'accepted', '[]', 'demo', 'c2',
    'Later card', 'Set', '2', '', 'unknown', 0.8, '[]', '{{}}', 'embedder', 'm', 'demo@2',
    '2025-01-02 10:00:00.000000')""",
    """INSERT INTO correction (id, scan_id, kind, decision, game, card_id, name, set_name, number,
    variant, finish, created_at) VALUES (1, 1, 'corrected', 'accepted', 'demo', 'c3', 'Right card',
    'Set', '3', '', 'unknown', '2025-01-03 10:00:00.000000')""",
]
ROWS[3] = [
    *ROWS[2],
    """INSERT INTO price VALUES (1, 'demo', 'c1', 'normal', 'NM', 'EUR', 1240, 'cardmarket',
    '2025-01-01 10:00:00.000000', '2025-01-01 10:00:00.000000')""",
]
ROWS[4] = [
    """INSERT INTO batch (id, name, expected_cards, driver, created_at, mode)
    VALUES (1, 'old', 9, 'usb', '2025-01-01 10:00:00.000000', 'sort')""",
    *ROWS[3][1:],
    "INSERT INTO route VALUES (1, 1, 2, 'Rares', 'It is rare.', '2025-01-01 10:00:00.000000')",
    "INSERT INTO bin_emptied VALUES (1, 2, 1, '2025-01-02 10:00:00.000000')",
]
ROWS[5] = [
    *ROWS[4],
    """INSERT INTO batch VALUES (2, 'newer', 9, 'usb', '2025-01-04 10:00:00.000000', 'scan',
    'machine', 'Main street', 'Box 4', 'demo', '["Set"]', 'LP', 'de', 0)""",
    """INSERT INTO correction VALUES (2, 1, 'undone', '', '', '', '', '', '', '', 'unknown',
    '2025-01-04 10:00:00.000000', '', '', 1)""",
]
ROWS[6] = [
    *ROWS[5],
    """INSERT INTO rule_set VALUES (1, 'sort', 'By set', '{"name": "By set"}', 0,
    '2025-01-05 10:00:00.000000')""",
    "INSERT INTO rules_chosen VALUES (1, 'sort', 'By set', '2025-01-05 10:00:00.000000')",
    """INSERT INTO card_list VALUES (1, 'Want list', '["Ember Fox"]', 0,
    '2025-01-05 10:00:00.000000')""",
    "INSERT INTO batch_rules VALUES (1, 1, '2025-01-05 10:00:00.000000')",
]
ROWS[7] = [
    *ROWS[6],
    """INSERT INTO stock_change VALUES (1, 'edited', 0, 'Condition: Lightly played', 1, 2,
    '2025-01-05 10:00:00.000000')""",
    "INSERT INTO stock_edit VALUES (1, 1, 1, 'LP', NULL, NULL, 'Box 3', NULL)",
    """INSERT INTO saved_filter VALUES (1, 'saved', 'Box', '{"location": "Box 3"}',
    '2025-01-05 10:00:00.000000')""",
    """INSERT INTO stock_export VALUES (1, 'made', 0, 'tcgplayer', 'a.csv', '{}', 1, 1, 0, 0,
    '2025-01-05 10:00:00.000000')""",
    "INSERT INTO stock_export_card VALUES (1, 1, 1, '4711', 1)",
    """INSERT INTO tcgplayer_sku VALUES (1, '4711', 'Demo', 'Set', 'Old card', '', '1', 'C',
    'Near Mint', '0.25', 3, '2025-01-05 10:00:00.000000')""",
]
ROWS[8] = [
    *ROWS[7],
    "INSERT INTO hand_count VALUES (1, 1, 12, '2025-01-06 10:00:00.000000')",
]
ROWS[9] = [
    *ROWS[8],
    """INSERT INTO upload VALUES (1, 'Pile', 'page', 'anna', '', '', '', '[]', '', '',
    '2025-01-07 10:00:00.000000')""",
    """INSERT INTO upload_picture VALUES (1, 1, 'a.jpg', 'aa', 9, 'uploads/a', 0, '',
    '2025-01-07 10:00:00.000000')""",
    "INSERT INTO upload_stop VALUES (1, '2025-01-07 10:00:00.000000')",
    """INSERT INTO upload_result (picture_id, scan_id, sha256, tried_with, is_cached, problem,
    took_ms, created_at) VALUES (1, 1, 'aa', 'w', 0, '', 5.0, '2025-01-07 10:00:00.000000')""",
]
ROWS[10] = [
    *ROWS[9],
    "INSERT INTO offer_word VALUES (1, 1, 'price', 'EUR', 250, 300, '2025-01-05 10:00:00.000000')",
    """INSERT INTO offer_made VALUES (1, 1, 'cash', 'EUR', 250, 300, '[]',
    '2025-01-05 10:00:00.000000')""",
]
ROWS[11] = [
    *ROWS[10],
    """INSERT INTO tcgplayer_set VALUES (1, 'demo', 'Set', 'SV01: Set',
    '2025-01-09 10:00:00.000000')""",
]
ROWS[12] = [
    *ROWS[11],
    """INSERT INTO upload_result VALUES (2, 1, 'ab', 'w', 0, '', 5.0, '2025-01-07 10:00:00.000000',
    '[1]')""",
]
ROWS[13] = [
    *ROWS[12],
    "INSERT INTO sync_cursor VALUES ('scan', 1, '2025-01-08 10:00:00.000000')",
    "INSERT INTO sync_event VALUES (1, 'lost', 'No way.', '2025-01-08 10:00:00.000000')",
    "INSERT INTO price_confirmed VALUES (1, '2025-01-08 10:00:00.000000')",
]
ROWS[14] = [
    *ROWS[13],
    """INSERT INTO alert_raised VALUES (1, 'k1', 'Chase', 'seen', 1, 'demo', 'c1', 'Old card',
    'Set', '1', '', 'foil', 'Seen by the scanner.', '2025-01-09 10:00:00.000000')""",
    """INSERT INTO alert_told VALUES (1, 'k2', '', 'Dear', 'above', 'demo', 'c1', 'Old card',
    'Set', '1', '', 'foil', '9.00 EUR.', '[]', '2025-01-09 10:00:00.000000',
    '2025-01-09 10:00:01.000000')""",
    "INSERT INTO alert_closed VALUES (1, 'k1', 'Ada', '2025-01-09 11:00:00.000000')",
    """INSERT INTO alert_closed_told VALUES (1, 'k2', 'Bo', 'counter-2',
    '2025-01-09 11:00:00.000000', '2025-01-09 11:00:01.000000')""",
]
ROWS[15] = [
    *ROWS[14],
    """INSERT INTO retry VALUES (2, 1, 'w3', 'accepted', 'accepted', '[]', 'demo', 'c2',
    'Later card', 'Set', '2', '', 'unknown', 0.8, '[]', '{}', 'embedder', 'm', 'demo@2',
    '2025-01-10 10:00:00.000000', 0.9991)""",
]
ROWS[16] = [
    *ROWS[15],
    """INSERT INTO update_event VALUES (1, 'pack/demo', '2', 'in_use', '',
    '2025-01-08 10:00:00.000000')""",
    """INSERT INTO remote_command VALUES (1, 'c1', 'pause', '{}', 1, 'anna',
    '2025-01-08 10:00:00.000000', '2025-01-08 11:00:00.000000', '2025-01-08 10:00:00.000000')""",
    "INSERT INTO remote_answer VALUES (1, 'done', '', '2025-01-08 10:00:00.000000')",
]
ROWS[17] = [
    *ROWS[16],
    """INSERT INTO batch_word VALUES (1, 1, 'Attic', 'Main street', 'Box 3', 'NM', 'en',
    '2025-01-11 10:00:00.000000')""",
]
ROWS[18] = [
    *ROWS[17],
    "INSERT INTO sync_answer VALUES (1, 'done', '2025-01-12 10:00:00.000000')",
    """INSERT INTO update_announced VALUES ('pack/demo', '3', 'tiny-1', 1000, 40, 'Second Tide.',
    '2025-01-11 10:00:00.000000', 0, 1, 500, '2025-01-12 10:00:00.000000')""",
]
ROWS[19] = [
    *ROWS[18],
    """INSERT INTO shared_rule_said VALUES (1, 'k1', 1, 0, '{"name": "Any"}', 'Ada',
    '2025-01-12 10:00:00.000000')""",
    """INSERT INTO shared_rule_told VALUES (1, 'k1', 2, 1, '{}', 'Bo', 'counter-2',
    '2025-01-12 11:00:00.000000', '2025-01-12 11:00:01.000000')""",
    """INSERT INTO shared_lists_told VALUES (1, '{"watchlist": ["c1"]}',
    '2025-01-12 11:00:01.000000')""",
]
ROWS[20] = [
    *ROWS[19],
    """INSERT INTO alert_withdrawn VALUES (1, 'k3', 'a correction (Right card)',
    '2025-01-13 10:00:00.000000')""",
    "INSERT INTO alert_cursor VALUES ('retry', 2, '2025-01-13 10:00:00.000000')",
]
ROWS[21] = [
    *(row for row in ROWS[20] if "INTO alert_raised" not in row and "INTO alert_told" not in row),
    """INSERT INTO alert_raised VALUES (1, 'k1', 'Chase', 'seen', 1, 'demo', 'c1', 'Old card',
    'Set', '1', '', 'foil', 'Seen by the scanner.', '2025-01-09 10:00:00.000000', NULL)""",
    """INSERT INTO alert_told VALUES (1, 'k2', '', 'Dear', 'above', 'demo', 'c1', 'Old card',
    'Set', '1', '', 'foil', '9.00 EUR.', '[]', '2025-01-09 10:00:00.000000',
    '2025-01-09 10:00:01.000000', '2025-01-08 06:00:00.000000')""",
]
"""Rows as each version wrote them; frozen like the migrations. A new version adds its own."""


def shape(connection: sqlite3.Connection) -> dict[str, object]:
    """The tables, columns, keys and indexes of a file, however its SQL was written.

    Without the columns' defaults: one that a migration adds to a table must have one, and every
    row names all its columns.
    """
    found: dict[str, object] = {}
    for (table,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    ).fetchall():
        columns = connection.execute(f"PRAGMA table_xinfo({table})").fetchall()
        indexes = [
            (name, unique, [c[1:] for c in connection.execute(f"PRAGMA index_xinfo({name})")])
            for _, name, unique, *_ in connection.execute(f"PRAGMA index_list({table})").fetchall()
        ]
        keys = connection.execute(f"PRAGMA foreign_key_list({table})").fetchall()
        sql = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,))
        numbered = "AUTOINCREMENT" in sql.fetchone()[0]
        found[table] = (sorted(c[1:4] + c[5:] for c in columns), sorted(indexes), keys, numbered)
    return found


def at_version(path: Path, version: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, to_version=version)
    return connection


def test_the_migrated_tables_are_those_that_the_code_declares(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    SQLModel.metadata.create_all(
        engine, tables=[SQLModel.metadata.tables[name] for name in sorted(TABLES)]
    )
    engine.dispose()
    with (
        closing(sqlite3.connect(tmp_path / "declared.db")) as declared,
        closing(at_version(tmp_path / "migrated.db", latest_version())) as migrated,
    ):
        assert shape(migrated) == shape(declared)
        assert set(shape(migrated)) == TABLES
    declared_here = {
        model.__tablename__
        for module in TABLE_MODULES
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, SQLModel) and model is not SQLModel
    }
    assert declared_here == TABLES


def test_every_table_has_a_guard_against_change_and_loss(tmp_path: Path) -> None:
    with closing(at_version(tmp_path / "log.db", latest_version())) as connection:
        guards = {
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        }
    assert guards == {f"{t}_keeps_{what}" for t in TABLES - CURSORS for what in ("rows", "values")}


@pytest.mark.parametrize("version", range(latest_version() + 1))
def test_a_log_of_every_earlier_version_is_brought_up_with_all_its_rows(
    data_dir: Path, version: int
) -> None:
    data_dir.mkdir()
    with closing(at_version(data_dir / "counterscan.db", version)) as old:
        if version:
            for row in ROWS[version]:
                old.execute(row)
    with Store.open(data_dir, role="feed") as store:
        assert store.notice() is None
        if version:
            assert store.has_feed_key("k1")
            [scan] = store.scans_after(0)
            assert (scan.name, scan.sequence, scan.created_at.year) == ("Old card", 1, 2025)
            assert store.batch_summary(1).cards == 1
            assert store.command_outcome(1) == "done"
            assert store.pending_commands() == []
    with (
        closing(sqlite3.connect(data_dir / "counterscan.db")) as now,
        closing(at_version(data_dir.parent / "new.db", latest_version())) as new,
    ):
        assert version_of(now) == latest_version()
        assert shape(now) == shape(new)


def test_an_alert_of_before_has_the_time_of_its_price_apart(data_dir: Path) -> None:
    data_dir.mkdir()
    with closing(at_version(data_dir / "counterscan.db", 20)) as old:
        for row in ROWS[20]:
            old.execute(row)
    with Store.open(data_dir, role="feed") as store:
        found = {alert.key: alert for alert in store.past_alerts(9)}
    price_of, came = found["k2"].price_as_of, found["k2"].raised_at
    assert price_of is not None
    assert (price_of.second, came.second) == (0, 1), "the cloud had told the price's time alone"
    assert (found["k1"].price_as_of, found["k1"].raised_at.hour) == (None, 10)


def test_the_log_is_copied_before_it_is_migrated(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(data_dir, role="feed") as store:
        store.create_batch("before", 0, "usb")
    folder = data_dir.parent / "migrations"
    folder.mkdir()
    for file in migrations().values():
        (folder / file.name).write_text(file.read_text())
    later = latest_version() + 1
    (folder / f"{later:04d}_more.sql").write_text("CREATE TABLE more (id INTEGER PRIMARY KEY);")
    monkeypatch.setattr("scanner.store_boot.latest_version", lambda: later)
    monkeypatch.setattr("scanner.store_boot.migrate", lambda c: migrate(c, folder=folder))
    Store.open(data_dir, role="feed").close()
    with closing(sqlite3.connect(data_dir / "counterscan.db")) as now:
        assert version_of(now) == later
    copy = data_dir / "backups" / f"before-migration-{later - 1}.db"
    with closing(sqlite3.connect(copy)) as kept:
        assert version_of(kept) == later - 1
        assert kept.execute("SELECT name FROM batch").fetchall() == [("before",)]


@pytest.mark.parametrize("role", ["feed", "web", "reader"])
def test_a_log_from_a_newer_release_is_left_alone(data_dir: Path, role: str) -> None:
    Store.open(data_dir, role="feed").close()
    with closing(sqlite3.connect(data_dir / "counterscan.db")) as connection:
        connection.execute(f"PRAGMA user_version = {latest_version() + 1}")
    before = (data_dir / "counterscan.db").read_bytes()
    with pytest.raises(StoreError, match="newer Counterscan than this one.*update Counterscan"):
        Store.open(data_dir, role=role)
    assert (data_dir / "counterscan.db").read_bytes() == before
    assert list(data_dir.glob("*.damaged*")) == []


def test_a_migration_that_fails_leaves_the_version_before_it(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_good.sql").write_text("CREATE TABLE a (x);\nINSERT INTO a VALUES (1);\n")
    (folder / "0002_bad.sql").write_text("CREATE TABLE b (x);\nINSERT INTO nowhere VALUES (1);\n")
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            migrate(connection, folder=folder)
        assert version_of(connection) == 1
        assert set(shape(connection)) == {"a"}
        assert not connection.in_transaction


def test_a_gap_in_the_numbers_is_an_installation_gone_wrong(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("CREATE TABLE a (x);")
    (tmp_path / "0003_c.sql").write_text("CREATE TABLE c (x);")
    with pytest.raises(StoreError, match="install Counterscan again"):
        migrations(tmp_path)
