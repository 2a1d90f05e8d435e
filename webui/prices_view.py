"""Prices as the page and its JSON twin show them: never one without its source and its age."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from scanner.ages import age
from scanner.alerts_judge import Told
from scanner.card_words import FINISHES
from scanner.catalog.references import References
from scanner.errors import PackError
from scanner.price_moves import Move, read_moves, strongest
from scanner.prices import Money
from scanner.records import Printing
from scanner.store import Store
from scanner.tables import utc_now
from scanner.watchlist import watched
from webui.charts import Chart, Points, line_chart
from webui.prices_answers import (
    MoveShown,
    PrintingTold,
    QuoteShown,
    Range,
    SeriesTold,
    Span,
    WatchedShown,
)

MOST_MOVERS = 12
MOST_SHOWN_WATCHED = 60
MOST_LINES = 4
DAYS: dict[Span, int] = {"day": 1, "week": 7, "month": 30}
RANGES: dict[Range, int] = {"month": 30, "quarter": 91, "year": 365}
_POINTS = 90

Key = tuple[str, str]


class PricesView:
    """What this device was told of prices. Raises StoreError where the log can't be read."""

    def __init__(self, store: Store, references: References, currency: str) -> None:
        self._store = store
        self._references = references
        self.currency = currency
        self._now = utc_now()

    def movers(self, moves: Sequence[Move], *, up: bool) -> list[MoveShown]:
        """The prices that rose, or fell, by most percent."""
        return [
            {
                **self.printing(move.game, move.card_id),
                "finish": _finish(move.finish),
                "source": move.source,
                "now": str(Money(move.now_minor, self.currency)),
                "past": str(Money(move.past_minor, self.currency)),
                "percent": round(move.percent, 1),
                "as_of": _iso(move.as_of),
                "age": age(move.as_of, self._now),
            }
            for move in strongest(moves, up=up, limit=MOST_MOVERS)
        ]

    def watchlist(self) -> list[WatchedShown]:
        """The printings on the watchlist that a catalog or a price knows, in the list's order."""
        games = self._store.games_priced()
        keys = [
            (game, entry)
            for entry in watched(self._store)[:MOST_SHOWN_WATCHED]
            for game in dict.fromkeys([*self._references.games(), *games])
            if self._known(game, entry) is not None or self._store.prices_of(game, entry, 1)
        ]
        told = self._store.told_of(keys)
        return [
            {**self.printing(*key), "quotes": self.quotes(key, told.get(key, []))} for key in keys
        ]

    def quotes(self, key: Key, told: Sequence[Told]) -> list[QuoteShown]:
        """What each source says now, the shop's currency first."""
        confirmed = self._store.price_ages(*key)
        newest = {(t.finish, t.condition, t.currency, t.source): t for t in told}
        rows = sorted(
            newest.values(),
            key=lambda t: (
                t.currency != self.currency,
                list(FINISHES).index(t.finish) if t.finish in FINISHES else 99,
                t.condition not in ("NM", ""),
                t.source,
            ),
        )
        shown: list[QuoteShown] = []
        for row in rows:
            at = confirmed.get((row.finish, row.condition, row.currency, row.source), row.as_of)
            shown.append(
                {
                    "finish": _finish(row.finish),
                    "condition": row.condition,
                    "source": row.source,
                    "currency": row.currency,
                    "amount": str(Money(row.amount_minor, row.currency)),
                    "amount_minor": row.amount_minor,
                    "as_of": _iso(at),
                    "age": age(at, self._now),
                }
            )
        return shown

    def told(self, key: Key) -> list[Told]:
        """All that was told of a printing, oldest first."""
        return self._store.told_of([key]).get(key, [])

    def charts(self, told: Sequence[Told], wanted: Range) -> list[Chart]:
        """One chart for each finish, a line for each source, in the shop's currency if there is."""
        days = RANGES[wanted]
        width = timedelta(days=days) / _POINTS
        since = self._now - timedelta(days=days)
        currencies = {each.currency for each in told}
        currency = self.currency if self.currency in currencies else min(currencies, default="")
        made: list[Chart] = []
        for finish in dict.fromkeys(each.finish for each in told):
            lines: list[tuple[str, Points]] = []
            kinds = dict.fromkeys(
                (t.source, t.condition)
                for t in told
                if t.finish == finish and t.currency == currency
            )
            for source, condition in list(kinds)[:MOST_LINES]:
                rows = [
                    t
                    for t in told
                    if (t.finish, t.currency, t.source, t.condition)
                    == (finish, currency, source, condition)
                ]
                points = stepped(rows, since, self._now, width)
                lines.append((f"{source} {condition}".strip(), points))
            title = _finish(finish).capitalize() or "Finish unknown"
            chart = line_chart(title, currency, lines, since, self._now, width)
            if chart is not None:
                made.append(chart)
        return made

    def printing(self, game: str, card_id: str) -> PrintingTold:
        """One printing as the catalog knows it, else as it was scanned."""
        found = self._known(game, card_id) or self._store.scanned_as(game, card_id)
        picture = None
        with contextlib.suppress(PackError):
            picture = self._references.picture(game, card_id)
        return {
            "game": game,
            "card_id": card_id,
            "name": found.name if found and found.name else card_id,
            "set": found.set if found else "",
            "number": found.number if found else "",
            "variant": found.variant if found else "",
            "picture": f"/catalog/{picture[0]}/{picture[1]}.jpg" if picture else "",
            "path": f"/prices/{quote(game, safe='')}/{quote(card_id, safe='')}",
        }

    def _known(self, game: str, card_id: str) -> Printing | None:
        try:
            return self._references.printing(game, card_id)
        except PackError:
            return None


class Moves:
    """The movers of each stretch of time, made anew when prices have come. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], tuple[object, list[Move]]] = {}

    def of(self, store: Store, currency: str, span: Span) -> list[Move]:
        """The prices that moved within the span."""
        now = utc_now()
        stamp = (store.newest_price_id(), f"{now:%Y-%m-%d %H}", store.latest_batch_id())
        with self._lock:
            kept = self._kept.get((currency, span))
            if kept is None or kept[0] != stamp:
                with store.log_session() as session:
                    kept = (
                        stamp,
                        read_moves(session, currency, DAYS[span], now, store.price_order),
                    )
                self._kept[(currency, span)] = kept
            return kept[1]


def stepped(rows: Sequence[Told], since: datetime, until: datetime, width: timedelta) -> Points:
    """A price holds until the next one: its value at the end of each stretch of `width`."""
    points: Points = []
    place, value = 0, None
    for number in range(_POINTS):
        at = min(until, since + width * (number + 1))
        while place < len(rows) and rows[place].as_of <= at:
            value = rows[place].amount_minor
            place += 1
        if value is not None:
            points.append((at, value / 100))
    return points


def series(told: Sequence[Told]) -> list[SeriesTold]:
    """The history as programs read it: each change, oldest first."""
    found: dict[tuple[str, str, str, str], SeriesTold] = {}
    for each in told:
        kind = (each.finish, each.condition, each.currency, each.source)
        line = found.setdefault(
            kind,
            {"finish": each.finish, "condition": each.condition, "source": each.source,
             "currency": each.currency, "points": []},
        )  # fmt: skip
        line["points"].append({"at": _iso(each.as_of), "amount_minor": each.amount_minor})
    return list(found.values())


def _finish(finish: str) -> str:
    return "" if finish == "unknown" else finish


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
