"""What the feed process does to the log before it uses it: check, set aside, restore, migrate."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from scanner.catalog.disk import sync_folder
from scanner.crops import newest_crop_id, sweep_unfinished
from scanner.migrate import latest_version, migrate, refuse_newer, version_of
from scanner.store_backup import (
    FOLDER,
    companions,
    generations,
    is_empty,
    make_backup,
    problem_of,
    remove_log,
    sweep_parts,
    sync_file,
)
from scanner.store_faults import explained
from scanner.store_open import DATABASE, connect
from scanner.store_summary import ENDS
from scanner.tables import BatchEvent, boot_id, utc_now

RESTORED = "restored"
ID_GAP = 10_000
"""How far ids jump after a restore: beyond any that the lost rows may have had."""

_BELIEVABLE_IDS = 1_000_000
_NUMBERED_TABLES = """
    SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the log that its owner should read; `at` is wall time in UTC."""

    event_id: int
    text: str
    at: datetime


def newest_notice(session: Session) -> Notice | None:
    """The last restoring of a backup, until a batch has come to its end after it."""
    restored = select(BatchEvent).where(col(BatchEvent.kind) == RESTORED)
    event = session.exec(restored.order_by(col(BatchEvent.id).desc()).limit(1)).first()
    if event is None or event.id is None:
        return None
    ended = select(BatchEvent.id).where(
        col(BatchEvent.kind).in_(ENDS), col(BatchEvent.id) > event.id
    )
    if session.exec(ended.limit(1)).first() is not None:
        return None
    return Notice(event.id, event.detail, event.created_at)


def prepare(data_dir: Path) -> None:
    """Leave a sound log of today's schema in `data_dir`. The caller holds the feed lock.

    Raises:
        StoreError: from a newer release, or the folder can't be read or written.
    """
    path = data_dir / DATABASE
    with explained(data_dir):
        sweep_unfinished(data_dir)
        sweep_parts(data_dir)
        problem = _problem(path)
        if problem is not None:
            _restore(path, problem)
        _migrate(path)


def _problem(path: Path) -> str | None:
    """Why the log in place can't be used; None also where there never was one."""
    had_one = bool(generations(path.parent)) or any(_set_aside(path.parent))
    if not path.exists():
        return "it is missing" if had_one else None
    problem = problem_of(path)
    if problem is None and had_one and is_empty(path):
        return "it is empty"
    return problem


def _migrate(path: Path) -> None:
    with closing(connect(path, mode="rwc")) as connection:
        version = version_of(connection)
        refuse_newer(version, path)
        if 0 < version < latest_version():
            kept = path.parent / FOLDER / f"before-migration-{version}.db"
            make_backup(path, kept)
            for older in set(kept.parent.glob("before-migration-*.db")) - {kept}:
                remove_log(older)
        applied = migrate(connection)
    if applied:
        sync_folder(path.parent)


def _restore(path: Path, problem: str) -> None:
    """Put the last good backup, or a new log, in the place of one that can't be used.

    The new file is finished under another name, its event row included, before the old one is
    touched: a power cut at any moment leads back here, or to the finished file.
    """
    new = _restoring(path)
    found = _copy_good_backup(path.parent, new)
    aside = _next_aside(path)
    with closing(connect(new, mode="rwc")) as connection:
        migrate(connection)
        connection.execute("BEGIN IMMEDIATE")
        _jump_ids(connection, path)
        text = _notice_text(connection, problem, found, aside if path.exists() else None)
        connection.execute(
            "INSERT INTO batch_event"
            " (kind, detail, after_scan, added_mono_ns, boot_id, created_at)"
            " VALUES (?, ?, (SELECT coalesce(max(id), 0) FROM scan), 0, ?, ?)",
            (RESTORED, text, boot_id(), f"{utc_now():%Y-%m-%d %H:%M:%S.%f}"),
        )
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sync_file(new)
    for old in (path, *companions(path)):
        # The write-ahead log goes too: SQLite would replay it into the restored file.
        if old.exists():
            old.replace(aside.with_name(aside.name + old.name.removeprefix(path.name)))
    new.replace(path)
    sync_folder(path.parent)
    log.error("%s", text)


def _copy_good_backup(data_dir: Path, new: Path) -> bool:
    """Copy the newest backup that passes the check; False where none does."""
    for backup in generations(data_dir):
        remove_log(new)
        shutil.copyfile(backup, new)
        problem = problem_of(new)
        if problem is None and not is_empty(new):
            return True
        log.error("the backup %s can't be used: %s", backup.name, problem or "it is empty")
    remove_log(new)
    return False


def _jump_ids(connection: sqlite3.Connection, old: Path) -> None:
    """Make all new ids higher than those of lost rows, which others may have seen already."""
    known: dict[str, int] = dict(connection.execute("SELECT name, seq FROM sqlite_sequence"))
    lost = _last_ids(old)
    lost["scan"] = max(lost.get("scan", 0), newest_crop_id(old.parent))
    for (table,) in connection.execute(_NUMBERED_TABLES).fetchall():
        last, lost_last = known.get(table, 0), lost.get(table, 0)
        if last <= lost_last <= last + _BELIEVABLE_IDS:
            last = lost_last
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        connection.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last + ID_GAP)
        )


def _last_ids(old: Path) -> dict[str, int]:
    """The last id of each table as far as a damaged file still tells."""
    with (
        suppress(sqlite3.Error, ValueError, TypeError),
        closing(connect(old, mode="ro")) as connection,
    ):
        rows = connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
        return {str(name): int(seq) for name, seq in rows}
    return {}


def _notice_text(
    connection: sqlite3.Connection, problem: str, found: bool, aside: Path | None
) -> str:
    scans = connection.execute("SELECT count(*) FROM scan").fetchone()[0]
    then = (
        f"The last good backup was restored; it holds {scans} scans."
        if found
        else "No good backup was there, so that a new log was begun."
    )
    kept = f" The damaged file was kept as {aside.name}." if aside else ""
    return (
        f"The log could not be used ({problem}). {then}{kept} Cards scanned since that backup are "
        "missing from the log; their pictures are still in the crops folder."
    )


def _restoring(path: Path) -> Path:
    return path.with_name(path.name + ".restoring")


def _set_aside(data_dir: Path) -> list[Path]:
    """The damaged files kept so far."""
    return [path for path in data_dir.glob(f"{DATABASE}.damaged-*") if _number(path) > 0]


def _next_aside(path: Path) -> Path:
    number = max(map(_number, _set_aside(path.parent)), default=0) + 1
    return path.with_name(f"{DATABASE}.damaged-{number}")


def _number(path: Path) -> int:
    """The number in a damaged file's name; 0 for its companions."""
    digits = path.name.rpartition("damaged-")[2]
    return int(digits) if digits.isdecimal() else 0
