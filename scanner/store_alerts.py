"""The calls on alerts: raised by the feed process, told by sync, closed on the page."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Row, TextClause, bindparam, text
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Session, SQLModel, select

from scanner.alerts import AlertRule, HeldRule, read_alert
from scanner.alerts_judge import Told
from scanner.errors import ConditionError
from scanner.store_open import in_parts
from scanner.store_shared import SharedRuleStore
from scanner.tables_alerts import (
    AlertClosed,
    AlertClosedTold,
    AlertCursor,
    AlertRaised,
    AlertTold,
    AlertWithdrawn,
)

log = logging.getLogger(__name__)

ALERT = "alert"
LaterAnswer = Literal["retry", "correction"]
LATER_ANSWERS: tuple[LaterAnswer, ...] = ("retry", "correction")
MOST_CLOSED_AT_ONCE = 2000
_MARK = text("""
    SELECT (SELECT count(*) FROM card_alert WHERE closed_at IS NULL),
        (SELECT coalesce(max(id), 0) FROM alert_raised),
        (SELECT coalesce(max(id), 0) FROM alert_told),
        (SELECT coalesce(max(id), 0) FROM alert_closed),
        (SELECT coalesce(max(id), 0) FROM alert_closed_told),
        (SELECT coalesce(max(id), 0) FROM alert_withdrawn)
""")
_TOLD = """
    SELECT card_id, finish, condition, currency, source, amount_minor, as_of
    FROM price WHERE game = :game AND card_id IN ({}) ORDER BY id
"""
_PRICED = text("SELECT DISTINCT game, card_id FROM price WHERE id > :after")
_STANDING = text("""
    SELECT scan_id, rule, game, card_id FROM alert_raised
    WHERE scan_id IN :ids AND key NOT IN (SELECT key FROM alert_withdrawn)
""").bindparams(bindparam("ids", expanding=True))
_OPEN_OF = text("""
    SELECT key, scan_id, game, card_id FROM card_alert
    WHERE is_ours AND closed_at IS NULL AND scan_id IN :ids
""").bindparams(bindparam("ids", expanding=True))
_AFTER: Mapping[LaterAnswer, TextClause] = {
    table: text(f"SELECT id, scan_id FROM {table} WHERE id > :after ORDER BY id LIMIT :limit")
    for table in LATER_ANSWERS
}
_KNOWN = text("SELECT key FROM card_alert WHERE key IN :keys AND closed_at IS NULL").bindparams(
    bindparam("keys", expanding=True)
)


@dataclass(frozen=True, slots=True)
class CardAlert:
    """An alert as it stands: open while `closed_at` is None.

    `scan_id` is the scan of this device that raised it, 0 for none; `device` the other device that
    did, "" for none. `places` are where the cloud knew copies of the card then; `told_at` is when
    it came here; `price_as_of` of when the price is that set it off, None for none.
    """

    key: str
    device: str
    rule: str
    cause: str
    scan_id: int
    game: str
    card_id: str
    name: str
    set_name: str
    number: str
    variant: str
    finish: str
    text: str
    places: Sequence[Mapping[str, Any]]
    raised_at: datetime
    told_at: datetime
    closed_at: datetime | None
    closed_by: str
    closed_on: str
    price_as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertMark:
    """How alerts stand; any change of them changes it."""

    open: int
    raised: int
    told: int
    closed: int
    closed_told: int
    withdrawn: int


class AlertStore(SharedRuleStore):
    """The part of `scanner.store.Store` that keeps alerts."""

    def raise_alerts(self, alerts: Sequence[AlertRaised]) -> int:
        """Put alerts about scans on disk; how many.

        One that this scan has raised by this rule about this card stands, also where somebody has
        acknowledged it; one that was withdrawn may be raised again.
        """
        self._only("feed")
        with self._log.write() as session:
            found = session.connection().execute(_STANDING, {"ids": [a.scan_id for a in alerts]})
            standing = {tuple(row) for row in found}
            new = [a for a in alerts if (a.scan_id, a.rule, a.game, a.card_id) not in standing]
            return _insert_new(session, AlertRaised, [_values(alert) for alert in new])

    def withdraw_alerts(self, gone: Mapping[str, str], cursors: Mapping[str, int]) -> None:
        """Close alerts whose card is another one after all, by key, with the reason.

        Together with how far later answers were looked at, by the tables' names.
        """
        self._only("feed")
        rows = [_values(AlertWithdrawn(key=key, why=why)) for key, why in gone.items()]
        with self._log.write() as session:
            _insert_new(session, AlertWithdrawn, rows)
            for name, position in cursors.items():
                session.merge(AlertCursor(name=name, position=position))

    def alert_cursors(self) -> dict[str, int]:
        """Up to where later answers were looked at, by the tables' names."""
        with self._log.read() as session:
            return {row.name: row.position for row in session.exec(select(AlertCursor))}

    def open_alerts_of(self, scan_ids: Sequence[int]) -> list[tuple[str, int, str, str]]:
        """The open alerts that these scans raised: key, scan, game and card_id of each."""
        with self._log.read() as session:
            rows = session.connection().execute(_OPEN_OF, {"ids": list(scan_ids)})
            return [(row[0], row[1], row[2], row[3]) for row in rows]

    def answered_after(self, table: LaterAnswer, after: int, limit: int) -> list[tuple[int, int]]:
        """The next rows of a table of later answers: the id, and the scan that it is about."""
        with self._log.read() as session:
            values = {"after": after, "limit": limit}
            return [(row[0], row[1]) for row in session.connection().execute(_AFTER[table], values)]

    def newest_answer(self, table: LaterAnswer) -> int:
        """The id of the newest row of a table of later answers, 0 for none."""
        query = text(f"SELECT coalesce(max(id), 0) FROM {table}")
        with self._log.read() as session:
            return int(session.connection().execute(query).scalar_one())

    def receive_alerts(self, told: Sequence[AlertTold], closed: Sequence[AlertClosedTold]) -> int:
        """Take in what the cloud says; what is known already changes nothing. The rows added."""
        self._only("sync")
        with self._log.write() as session:
            added = _insert_new(session, AlertTold, [_values(alert) for alert in told])
            return added + _insert_new(session, AlertClosedTold, [_values(one) for one in closed])

    def knows_alerts(self, told: Iterable[str], closed: Iterable[str]) -> bool:
        """Whether the log has all of these already."""
        query = text("SELECT key FROM alert_told"), text("SELECT key FROM alert_closed_told")
        with self._log.read() as session:
            known, gone = (set(session.connection().execute(one).scalars()) for one in query)
        return known.issuperset(told) and gone.issuperset(closed)

    def close_alerts(self, keys: Sequence[str], by: str) -> int:
        """Acknowledge alerts and return how many; one closed or not here changes nothing."""
        self._only("web")
        with self._log.write() as session:
            rows = session.connection().execute(_KNOWN, {"keys": list(keys)})
            values = [_values(AlertClosed(key=key, by=by)) for key in rows.scalars()]
            return _insert_new(session, AlertClosed, values)

    def alert_mark(self) -> AlertMark:
        """How alerts stand, in one cheap look."""
        with self._log.read() as session:
            return AlertMark(*session.connection().execute(_MARK).one())

    def open_alerts(self, limit: int) -> list[CardAlert]:
        """The alerts that nobody has acknowledged, newest first."""
        return self._alerts("closed_at IS NULL", "created_at DESC, is_ours, id DESC", limit)

    def past_alerts(self, limit: int) -> list[CardAlert]:
        """The alerts that somebody has acknowledged, the last one first."""
        return self._alerts("closed_at IS NOT NULL", "closed_at DESC, id DESC", limit)

    def alerts_of_scans(self, scan_ids: Sequence[int]) -> dict[int, list[str]]:
        """The names of the rules that scans of this device set off, by the scans' ids."""
        query = text("""SELECT scan_id, rule FROM alert_raised WHERE scan_id IN :ids
            AND key NOT IN (SELECT key FROM alert_withdrawn) ORDER BY id""")
        found: dict[int, list[str]] = {}
        with self._log.read() as session:
            query = query.bindparams(bindparam("ids", expanding=True))
            for scan_id, rule in session.connection().execute(query, {"ids": list(scan_ids)}):
                found.setdefault(scan_id, []).append(rule)
        return found

    def alert_rules(self) -> tuple[list[AlertRule], dict[str, str]]:
        """This scanner's own rules by name; and those that can't be read, with the reason."""
        rules, problems = [], {}
        for row in self.rule_sets(ALERT):
            try:
                rules.append(read_alert(row.content, row.name))
            except ConditionError as error:
                problems[row.name] = str(error)
        return rules, problems

    def shared_alert_rules(self) -> list[HeldRule]:
        """The rules of all scanners that hold, by name; one that can't be read is left out."""
        found = []
        for key, shared in self.shared_rules().items():
            if shared.content is not None:
                try:
                    found.append(HeldRule(read_alert(shared.content), key))
                except ConditionError as error:
                    log.warning("a rule of all scanners can't be read: %s", error)
        return sorted(found, key=lambda held: (held.rule.name.casefold(), held.key))

    def held_rules(self) -> list[HeldRule]:
        """Every rule that holds on this scanner, its own first."""
        return [*map(HeldRule, self.alert_rules()[0]), *self.shared_alert_rules()]

    def rules_version(self) -> int:
        """Grows whenever alert rules or lists of cards change."""
        query = text("""SELECT (SELECT coalesce(max(id), 0) FROM rule_set WHERE kind = 'alert')
            + (SELECT coalesce(max(id), 0) FROM card_list)""")
        with self._log.read() as session:
            own = int(session.connection().execute(query).scalar_one())
        return own + self.shared_version()

    def newest_price_id(self) -> int:
        """The id of the newest price, 0 for none."""
        with self._log.read() as session:
            query = text("SELECT coalesce(max(id), 0) FROM price")
            return int(session.connection().execute(query).scalar_one())

    def priced_after(self, price_id: int) -> list[tuple[str, str]]:
        """The printings (game, card_id) with a price later than this one."""
        with self._log.read() as session:
            rows = session.connection().execute(_PRICED, {"after": price_id})
            return [(row[0], row[1]) for row in rows]

    def told_of(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Told]]:
        """All that this device was told of the prices of printings, oldest first."""
        by_game: dict[str, list[str]] = {}
        for game, card_id in dict.fromkeys(keys):
            by_game.setdefault(game, []).append(card_id)
        found: dict[tuple[str, str], list[Told]] = {}
        with self._log.read() as session:
            for game, card_ids in by_game.items():
                for part in in_parts(card_ids):
                    names = {f"id{place}": card_id for place, card_id in enumerate(part)}
                    query = text(_TOLD.format(",".join(f":{name}" for name in names)))
                    for row in session.connection().execute(query, {"game": game, **names}):
                        told = Told(row[1], row[2], row[3], row[4], row[5], _time(row[6]))
                        found.setdefault((game, row[0]), []).append(told)
        return found

    def _alerts(self, which: str, order: str, limit: int) -> list[CardAlert]:
        query = text(f"SELECT * FROM card_alert WHERE {which} ORDER BY {order} LIMIT :limit")
        with self._log.read() as session:
            return [_alert(row) for row in session.connection().execute(query, {"limit": limit})]


def _insert_new(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> int:
    if not rows:
        return 0
    before = session.connection().execute(text("SELECT total_changes()")).scalar_one()
    session.connection().execute(insert(table).on_conflict_do_nothing(), rows)
    return int(session.connection().execute(text("SELECT total_changes()")).scalar_one() - before)


def _values(row: SQLModel) -> dict[str, Any]:
    return row.model_dump(exclude={"id"})


def _alert(row: Row[Any]) -> CardAlert:
    return CardAlert(
        row.key, row.device, row.rule, row.cause, row.scan_id, row.game, row.card_id, row.name,
        row.set_name, row.number, row.variant, row.finish, row.text, json.loads(row.places),
        _time(row.raised_at), _time(row.created_at),
        None if row.closed_at is None else _time(row.closed_at),
        row.closed_by, row.closed_on,
        None if row.price_as_of is None else _time(row.price_as_of),
    )  # fmt: skip


def _time(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
