"""The calls on what a shop wrote down: rules, lists of cards. See `scanner/tables_rules.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from scanner.routing import Routing
from scanner.store_bins import routing_of
from scanner.store_machine import MachineWrites
from scanner.store_open import in_parts
from scanner.tables import Scan
from scanner.tables_bins import BinEmptied, Route
from scanner.tables_rules import BatchRules, CardList, RulesChosen, RuleSetRow


class RuleStore(MachineWrites):
    """The part of `scanner.store.Store` that keeps rules and lists."""

    def add_rule_set(self, kind: str, name: str, content: Mapping[str, Any]) -> RuleSetRow:
        """Keep a new version of the rules of this name."""
        return self._add_rules(RuleSetRow(kind=kind, name=name, content=dict(content)))

    def remove_rule_set(self, kind: str, name: str) -> RuleSetRow:
        """Take a name off the list; batches that were sorted by it still know its versions."""
        return self._add_rules(RuleSetRow(kind=kind, name=name, removed=True))

    def choose_rules(self, kind: str, name: str) -> RulesChosen:
        """Put the rules of this name in force, from the next batch on; "" for none."""
        self._only("web")
        chosen = RulesChosen(kind=kind, name=name)
        with self._log.write() as session:
            session.add(chosen)
        return chosen

    def set_card_list(self, name: str, entries: Sequence[str], *, removed: bool = False) -> None:
        """Keep a new version of a list of cards."""
        self._only("web")
        with self._log.write() as session:
            session.add(CardList(name=name, entries=list(entries), removed=removed))

    def note_batch_rules(self, batch_id: int, rule_set_id: int) -> None:
        """Note what a batch is sorted by; the first note stands."""
        self._only("feed")
        with self._log.write() as session:
            if session.get(BatchRules, batch_id) is None:
                session.add(BatchRules(batch_id=batch_id, rule_set_id=rule_set_id))

    def rule_sets(self, kind: str) -> list[RuleSetRow]:
        """The newest version of every name of a kind, by name."""
        newest = select(func.max(RuleSetRow.id)).where(RuleSetRow.kind == kind)
        query = select(RuleSetRow).where(
            col(RuleSetRow.id).in_(newest.group_by(col(RuleSetRow.name))),
            col(RuleSetRow.removed).is_(False),
        )
        with self._log.read() as session:
            return sorted(session.exec(query), key=lambda row: row.name.casefold())

    def rule_set(self, kind: str, name: str) -> RuleSetRow | None:
        """The newest version of one name; None where there is none."""
        with self._log.read() as session:
            return _newest(session, kind, name)

    def chosen_rules(self, kind: str) -> RuleSetRow | None:
        """The newest version of the rules in force; None where there are none."""
        query = select(RulesChosen).where(RulesChosen.kind == kind)
        with self._log.read() as session:
            chosen = session.exec(query.order_by(col(RulesChosen.id).desc()).limit(1)).first()
            return None if chosen is None else _newest(session, kind, chosen.name)

    def rules_of_batch(self, batch_id: int) -> RuleSetRow | None:
        """The version that a batch was sorted by; None where it was not sorted by any."""
        with self._log.read() as session:
            note = session.get(BatchRules, batch_id)
            return None if note is None else session.get(RuleSetRow, note.rule_set_id)

    def batches_of_rules(self, kind: str, name: str) -> frozenset[int]:
        """The batches that were sorted by any version of this name."""
        query = (
            select(BatchRules.batch_id)
            .join(RuleSetRow)
            .where(RuleSetRow.kind == kind, RuleSetRow.name == name)
        )
        with self._log.read() as session:
            return frozenset(session.exec(query))

    def card_lists(self) -> dict[str, list[str]]:
        """The entries of every list, by the lists' names."""
        newest = select(func.max(CardList.id)).group_by(col(CardList.name))
        query = select(CardList).where(
            col(CardList.id).in_(newest), col(CardList.removed).is_(False)
        )
        with self._log.read() as session:
            rows = sorted(session.exec(query), key=lambda row: row.name.casefold())
        return {row.name: row.entries for row in rows}

    def routes_in_bins(self) -> list[tuple[int, Routing]]:
        """The scans whose cards lie in a bin, each with its routing, oldest first."""
        emptied = (
            select(col(BinEmptied.bin), func.max(BinEmptied.after_scan).label("after_scan"))
            .group_by(col(BinEmptied.bin))
            .subquery()
        )
        query = (
            select(Route)
            .join(emptied, emptied.c.bin == col(Route.bin), isouter=True)
            .where(col(Route.scan_id) > func.coalesce(emptied.c.after_scan, 0))
            .order_by(col(Route.scan_id))
        )
        with self._log.read() as session:
            rows = session.exec(query)
            return [(row.scan_id, routing_of(row)) for row in rows]

    def routings(self, scan_ids: Iterable[int]) -> dict[int, Routing]:
        """Where these scans' cards were sent; those without a route are left out."""
        found: dict[int, Routing] = {}
        with self._log.read() as session:
            for part in in_parts(scan_ids):
                rows = session.exec(select(Route).where(col(Route.scan_id).in_(part)))
                found.update({row.scan_id: routing_of(row) for row in rows})
        return found

    def scan_ids_of_batch(self, batch_id: int) -> list[int]:
        """The ids of a batch's scans in their order."""
        query = select(Scan.id).where(Scan.batch_id == batch_id).order_by(col(Scan.sequence))
        with self._log.read() as session:
            return [scan_id or 0 for scan_id in session.exec(query)]

    def _add_rules(self, row: RuleSetRow) -> RuleSetRow:
        self._only("web")
        with self._log.write() as session:
            session.add(row)
        return row


def _newest(session: Session, kind: str, name: str) -> RuleSetRow | None:
    query = select(RuleSetRow).where(RuleSetRow.kind == kind, RuleSetRow.name == name)
    row = session.exec(query.order_by(col(RuleSetRow.id).desc()).limit(1)).first()
    return None if row is None or row.removed else row
