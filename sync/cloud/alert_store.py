"""The cloud's alerts on disk: rules as devices told them, alerts raised, told and closed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, text, union_all

from scanner.price_sources import SourceOrder
from scanner.tables import utc_now
from sync.cloud.tables import DEVICE, LOG_TABLES, insert_new, upsert
from sync.cloud.tables_alerts import ALERT_CLOSED, ALERT_RULES, CARD, CARD_ALERT
from sync.protocol import (
    MOST_CLOSED_ALERTS,
    MOST_OPEN_ALERTS,
    MOST_PLACES,
    AlertRules,
    Alerts,
    ClosedAlert,
    OpenAlert,
)
from sync.protocol_rows import AlertRow, ClosedRow, LogRow, WithdrawnRow
from sync.wire import fits, pack

Key = tuple[str, str]
_IS_OPEN = ~select(ALERT_CLOSED.c.key).where(ALERT_CLOSED.c.key == CARD_ALERT.c.key).exists()
_PRESENT = text("""
    SELECT game, card_id FROM present_answer
    WHERE device = :device AND log = :log AND scan_id = :scan_id AND decision = 'accepted'
""")


def keep_rules(connection: Connection, device: str, told: AlertRules) -> bool:
    """Keep a device's rules and its order of sources; False where newer ones of the same log are
    there already."""
    names = ("log", "version", "sources")
    known = connection.execute(
        select(*(ALERT_RULES.c[name] for name in names)).where(ALERT_RULES.c.device == device)
    ).one_or_none()
    if known is not None and known.log == told.log:
        is_known = known.version == told.version and known.sources == told.sources
        if known.version > told.version or is_known:
            return False
    row = {
        "device": device, "log": told.log, "version": told.version, "rules": told.rules,
        "lists": told.lists, "sources": told.sources, "told_at": utc_now(),
    }  # fmt: skip
    upsert(connection, ALERT_RULES, [row])
    return True


def source_orders(connection: Connection) -> dict[str, SourceOrder]:
    """Whose price counts first, by device; one that told nothing about it is not in it."""
    rows = connection.execute(select(ALERT_RULES.c.device, ALERT_RULES.c.sources))
    return {row.device: SourceOrder(tuple(row.sources)) for row in rows if row.sources is not None}


def keep_rows(connection: Connection, device: str, log: str, rows: Sequence[LogRow]) -> None:
    """Take alerts and words that close them out of a device's rows; what is known stays."""
    alerts = [row for row in rows if isinstance(row, AlertRow)]
    closed = [(row.key, row.by, row.created_at) for row in rows if isinstance(row, ClosedRow)]
    gone = [(row.key, row.why, row.created_at) for row in rows if isinstance(row, WithdrawnRow)]
    if alerts:
        known = set(
            connection.execute(
                select(CARD_ALERT.c.key).where(CARD_ALERT.c.key.in_([row.key for row in alerts]))
            ).scalars()
        )
        new = [row for row in alerts if row.key not in known]
        add_alerts(connection, [_of_scan(connection, device, log, row) for row in new])
    if closed or gone:
        close(connection, device, [*closed, *gone])


def add_alerts(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put new alerts on disk; a key that is known changes nothing."""
    if rows:
        insert_new(connection, CARD_ALERT, [{**row, "created_at": utc_now()} for row in rows])


def close(connection: Connection, device: str, words: Iterable[tuple[str, str, datetime]]) -> None:
    """Acknowledge alerts, for everybody and for good; also some that have not come yet."""
    rows = [{"key": key, "by": by, "device": device, "closed_at": at} for key, by, at in words]
    insert_new(connection, ALERT_CLOSED, rows)


def alerts_after(
    connection: Connection, alert_id: int, limit: int = 200
) -> list[Mapping[str, Any]]:
    """New alerts for whoever tells people of them: rows of `card_alert` in the order of ids."""
    query = select(CARD_ALERT).where(CARD_ALERT.c.id > alert_id).order_by(CARD_ALERT.c.id)
    return [dict(row) for row in connection.execute(query.limit(limit)).mappings()]


def rules_known(connection: Connection) -> int:
    """How many devices have told their rules."""
    return int(connection.execute(select(func.count()).select_from(ALERT_RULES)).scalar_one())


def mark(connection: Connection) -> tuple[int, int]:
    """Changes with every alert that is raised or closed."""
    raised = connection.execute(select(func.max(CARD_ALERT.c.id))).scalar()
    closed = connection.execute(select(func.max(ALERT_CLOSED.c.id))).scalar()
    return raised or 0, closed or 0


def message(connection: Connection) -> Alerts:
    """What devices are told: the newest open alerts, and those closed last."""
    is_open = select(CARD_ALERT).where(_IS_OPEN).order_by(CARD_ALERT.c.id.desc())
    closed = select(ALERT_CLOSED).order_by(ALERT_CLOSED.c.id.desc()).limit(MOST_CLOSED_ALERTS)
    return Alerts(
        open=[
            OpenAlert.model_validate(dict(row))
            for row in connection.execute(is_open.limit(MOST_OPEN_ALERTS)).mappings()
        ],
        closed=[
            ClosedAlert.model_validate(dict(row)) for row in connection.execute(closed).mappings()
        ],
    )


def payload(connection: Connection) -> bytes:
    """The message as it travels; of fewer alerts where their texts are too long for one packet."""
    told = message(connection)
    while not fits(packed := pack(told)):
        some = {
            "open": told.open[: len(told.open) // 2], "closed": told.closed[: len(told.closed) // 2]
        }  # fmt: skip
        told = told.model_copy(update=some)
    return packed


def devices(connection: Connection) -> list[str]:
    """Every device that has ever said hello: all of them are told the shop's alerts."""
    return list(connection.execute(select(DEVICE.c.device)).scalars())


def open_kinds(connection: Connection, keys: Iterable[Key]) -> set[tuple[str, str, str, str]]:
    """Fingerprint, game, card and finish of the open alerts about these printings."""
    columns = (CARD_ALERT.c[name] for name in ("fingerprint", "game", "card_id", "finish"))
    cards = [card_id for _, card_id in keys]
    query = select(*columns).where(CARD_ALERT.c.card_id.in_(cards), _IS_OPEN)
    return {(row[0], row[1], row[2], row[3]) for row in connection.execute(query)}


def open_by_rule(connection: Connection) -> dict[str, int]:
    """How many alerts of each rule, by its fingerprint, are open."""
    query = select(CARD_ALERT.c.fingerprint, func.count()).where(_IS_OPEN)
    rows = connection.execute(query.group_by(CARD_ALERT.c.fingerprint))
    return {row[0]: row[1] for row in rows}


def scanned(connection: Connection, keys: Iterable[Key]) -> dict[Key, Mapping[str, str]]:
    """What scans of these printings call them; those that no scanner has seen are left out."""
    cards = [card_id for _, card_id in keys]
    names = ("game", "card_id", "name", "set_name", "number", "variant")
    found: dict[Key, Mapping[str, str]] = {}
    for stream in ("scan", "retry", "correction"):
        table = LOG_TABLES[stream].c
        query = select(*(func.max(table[name]).label(name) for name in names)).where(
            table.card_id.in_(cards), table.decision == "accepted"
        )
        for row in connection.execute(query.group_by(table.game, table.card_id)).mappings():
            found.setdefault((row["game"], row["card_id"]), {name: row[name] for name in names})
    return found


def places(connection: Connection, key: Key) -> list[dict[str, Any]]:
    """Where copies of a printing went when they were scanned, the newest first."""
    ids = union_all(
        *(_naming(stream, key) for stream in ("scan", "retry", "correction"))
    ).subquery()
    scan, batch = LOG_TABLES["scan"].c, LOG_TABLES["batch"].c
    query = (
        select(scan.device, scan.log, scan.id, batch.name, scan.sequence, scan.bin)
        .join(ids, (ids.c.device == scan.device) & (ids.c.log == scan.log) & (ids.c.id == scan.id))
        .outerjoin(
            LOG_TABLES["batch"],
            (batch.device == scan.device) & (batch.log == scan.log) & (batch.id == scan.batch_id),
        )
        .distinct()
        .order_by(scan.id.desc())
        .limit(3 * MOST_PLACES)
    )
    found = []
    for row in connection.execute(query).all():
        owner = {"device": row.device, "log": row.log, "scan_id": row.id}
        now = connection.execute(_PRESENT, owner).one_or_none()
        if now is not None and (now.game, now.card_id) == key:
            found.append(
                {"device": row.device, "batch": row.name or "", "sequence": row.sequence,
                 "bin": row.bin}
            )  # fmt: skip
    return found[:MOST_PLACES]


def new_key(*parts: object) -> str:
    """A name for what has these parts, always the same."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def _naming(stream: str, key: Key) -> Any:
    table = LOG_TABLES[stream].c
    scan_id = table.id if stream == "scan" else table.scan_id
    named = select(table.device, table.log, scan_id.label("id"))
    return named.where(table.game == key[0], table.card_id == key[1])


def _of_scan(connection: Connection, device: str, log: str, row: AlertRow) -> dict[str, Any]:
    scan, batch = LOG_TABLES["scan"].c, LOG_TABLES["batch"].c
    lies = connection.execute(
        select(batch.name, scan.sequence, scan.bin).join(
            LOG_TABLES["batch"],
            (batch.device == scan.device) & (batch.log == scan.log) & (batch.id == scan.batch_id),
        ).where(scan.device == device, scan.log == log, scan.id == row.scan_id)
    ).one_or_none()  # fmt: skip
    place = {"device": device}
    if lies is not None:
        place |= {"batch": lies.name, "sequence": lies.sequence, "bin": lies.bin}
    return {
        **{name: getattr(row, name) for name in ("key", "rule", "cause", "text", *CARD)},
        "fingerprint": "", "device": device, "places": [place], "raised_at": row.created_at,
        "price_as_of": row.price_as_of,
    }  # fmt: skip
