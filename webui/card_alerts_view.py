"""Alerts as the page and its JSON twin show them, with the places where the cards lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from scanner.ages import age
from scanner.alerts import CAUSE_WORDS, Cause, read_alert, write_alert
from scanner.catalog.references import References
from scanner.conditions_fields import OPS, Kind
from scanner.errors import ConditionError, PackError
from scanner.export.plain_csv import place_words
from scanner.inventory import Copy
from scanner.shared_rules import SharedRule
from scanner.stock import Stock
from scanner.store import Store
from scanner.store_alerts import ALERT, CardAlert
from scanner.tables import utc_now
from webui.alert_changes import BEEPS
from webui.card_alerts_answers import AlertRuleShown, AlertShown, PastShown, PlaceShown
from webui.log_view import rules_problem
from webui.rules_view import vocabulary
from webui.view import Json

MOST_SHOWN = 500
MOST_PAST = 60
MOST_PLACES = 5
_UNKNOWN = "unknown"

Copies = Sequence[tuple[str, Copy]]
Group = tuple[str, str, str, str]


class AlertsView:
    """The shop's alerts. Raises StoreError where the log can't be read."""

    def __init__(self, store: Store, stock: Stock, references: References) -> None:
        self._store = store
        self._stock = stock
        self._references = references

    def count(self) -> int:
        """How many alerts are open."""
        return self._store.alert_mark().open

    def open(self) -> list[AlertShown]:
        """The open alerts, those of one rule about one printing together, newest first."""
        groups: dict[Group, list[CardAlert]] = {}
        for alert in self._store.open_alerts(MOST_SHOWN):
            kind = (alert.rule, alert.game, alert.card_id or alert.key, alert.finish)
            groups.setdefault(kind, []).append(alert)
        copies = self._stock.copies_of((game, card_id) for _, game, card_id, _ in groups)
        return [
            self._group(alerts, copies[game, card_id])
            for (_, game, card_id, _), alerts in groups.items()
        ]

    def past(self) -> list[PastShown]:
        """The alerts that were acknowledged last."""
        return [
            {
                "rule": alert.rule,
                "title": alert.name or alert.card_id,
                "text": alert.text,
                "raised_at": _iso(alert.raised_at),
                "price_as_of": _iso(alert.price_as_of),
                "closed_at": _iso(alert.closed_at),
                "closed_by": alert.closed_by,
                "closed_on": alert.closed_on,
            }
            for alert in self._store.past_alerts(MOST_PAST)
        ]

    def is_paired(self) -> bool:
        """Whether this scanner has ever exchanged anything with a cloud: others may be there."""
        return self._store.sync_event() is not None or bool(self._store.shared_rules())

    def rules_problem(self) -> str:
        """Why rules do not get to the cloud although there is a connection; "" where they do."""
        return rules_problem(self._store)

    def rules(self) -> list[AlertRuleShown]:
        """Every rule in words: those for all scanners, then this one's own."""
        told = self._store.shared_rules_told()
        every = self._store.shared_rules()
        held = [
            _shown(shared.content, str(shared.content.get("name", "")), "", shared, told.get(key))
            for key, shared in every.items()
            if shared.content is not None
        ]
        kept = self._store.rule_sets(ALERT)
        own = [_shown(row.content, row.name, str(row.id)) for row in kept]
        return [*sorted(held, key=lambda shown: shown["name"].casefold()), *own]

    def _group(self, alerts: Sequence[CardAlert], copies: Copies) -> AlertShown:
        newest = alerts[0]
        places = self._places(alerts, copies)
        return {
            "keys": [alert.key for alert in alerts],
            "rule": newest.rule,
            "cause": newest.cause,
            "game": newest.game,
            "card_id": newest.card_id,
            "title": newest.name or newest.card_id or "A card",
            "set": newest.set_name,
            "number": newest.number,
            "variant": newest.variant,
            "finish": "" if newest.finish == _UNKNOWN else newest.finish,
            "text": newest.text,
            "raised_at": _iso(newest.raised_at),
            "price_as_of": _iso(newest.price_as_of),
            "price_age": age(newest.price_as_of, utc_now()) if newest.price_as_of else "",
            "noticed_by": _noticed_by(newest),
            "picture": self._picture(newest),
            "places": places[:MOST_PLACES],
            "places_more": max(0, len(places) - MOST_PLACES),
        }

    def _picture(self, alert: CardAlert) -> str:
        try:
            found = self._references.picture(alert.game, alert.card_id)
        except PackError:
            return ""
        return f"/catalog/{found[0]}/{found[1]}.jpg" if found else ""

    def _places(self, alerts: Sequence[CardAlert], copies: Copies) -> list[PlaceShown]:
        """Where the cards lie now: our own by the stock, those of other devices as they told."""
        newest = alerts[0]
        scans = {alert.scan_id for alert in alerts if alert.scan_id}
        ours: list[PlaceShown] = []
        placed = set()
        for finish, copy in copies:
            is_meant = copy.scan_id in scans or (
                not scans and (finish == newest.finish or _UNKNOWN in (finish, newest.finish))
            )
            if is_meant:
                placed.add(copy.scan_id)
                ours.append({"where": place_words(copy), "device": "", "scan": copy.scan_id})
        ours += self._of_scans(sorted(scans - placed))
        return [*ours, *_elsewhere(alerts)]

    def _of_scans(self, scan_ids: Sequence[int]) -> Iterator[PlaceShown]:
        """Cards that are not in stock, as nobody has confirmed them yet."""
        scans = self._store.scans(scan_ids)
        routings = self._store.routings(scan_ids)
        for scan_id, scan in scans.items():
            batch = self._store.batch(scan.batch_id)
            words = f"{batch.name if batch else 'batch'} no. {scan.sequence}"
            if scan_id in routings:
                words += f", bin {routings[scan_id].bin}"
            yield {"where": words, "device": "", "scan": scan_id}


def _shown(
    content: Mapping[str, Any],
    name: str,
    version: str = "",
    shared: SharedRule | None = None,
    told: SharedRule | None = None,
) -> AlertRuleShown:
    shown: AlertRuleShown = {
        "name": name, "key": "", "version": version, "changed_by": "", "changed_on": "",
        "waits": False, "words": "", "on": False, "problem": "", "rule": None,
    }  # fmt: skip
    if shared is not None:
        shown["key"], shown["version"] = shared.key, shared.mark
        shown["waits"] = shared != told
        shown["changed_by"], shown["changed_on"] = shared.by, shared.device
    try:
        rule = read_alert(content, name)
    except ConditionError as error:
        shown["problem"] = str(error)
        return shown
    shown["words"], shown["on"], shown["rule"] = rule.words, rule.on, write_alert(rule)
    return shown


def _elsewhere(alerts: Sequence[CardAlert]) -> Iterator[PlaceShown]:
    """What the cloud knew of other devices' copies when it raised the alert."""
    for alert in alerts:
        for place in alert.places:
            words = f"{place.get('batch') or 'batch'} no. {place.get('sequence', 0)}"
            if place.get("bin"):
                words += f", bin {place['bin']}"
            yield {"where": words, "device": str(place.get("device", "")), "scan": 0}


def editor_words() -> Json:
    """What the rule editor offers."""
    return {
        **vocabulary(),
        "beeps": list(enumerate(BEEPS)),
        "causes": {cause.value: words for cause, words in CAUSE_WORDS.items()},
        "text_ops": list(OPS[Kind.TEXT]),
    }


def _noticed_by(alert: CardAlert) -> str:
    if alert.scan_id:
        return "this scanner"
    return alert.device or ("the cloud" if alert.cause != Cause.SEEN else "another scanner")


def _iso(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(timespec="seconds")
