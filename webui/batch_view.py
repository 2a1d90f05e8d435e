"""Batches as their pages and their JSON twin show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanner.batches import UPLOAD
from scanner.card_words import CONDITIONS, LANGUAGES
from scanner.prices import Money
from scanner.routing import Mode
from scanner.store import Store
from scanner.store_summary import ENDS, BatchSummary
from scanner.tables import Batch
from webui import view, words
from webui.log_view import LogView
from webui.view import Json

_ABOVE_ALL = 2**62


class BatchView:
    """Reads batches for the pages. Thread-safe; each call asks the log anew.

    What takes long to add up, a batch's value, is kept until the batch, a price or a bulk edit
    changes it.
    """

    def __init__(self, log_view: LogView, currency: Callable[[], str]) -> None:
        self._view = log_view
        self._currency = currency
        self._values: dict[int, tuple[tuple[int, int, tuple[int, int], str], Json]] = {}

    def page(self, limit: int, before: int = _ABOVE_ALL, typed: str = "") -> Json:
        """The newest batches; `next` is where an earlier page goes on, 0 when there is none."""
        store = self._view.store()
        batches = store.batches_before(before, limit + 1, typed)
        shown = batches[:limit]
        return {
            "batches": self.batches(shown),
            "next": (shown[-1].id or 0) if len(batches) > limit else 0,
        }

    def batches(self, batches: Sequence[Batch]) -> list[Json]:
        """These batches in this order."""
        store = self._view.store()
        currency = self._currency()
        waiting = store.review_counts(currency)
        counted = store.hand_counts([batch.id or 0 for batch in batches])
        open_batch = store.open_batch()
        machine = self._view.state()["machine"] if open_batch is not None else None
        return [
            self._batch(
                store, batch, waiting[batch.id or 0], counted.get(batch.id or 0),
                machine if open_batch is not None and open_batch.id == batch.id else None,
                currency,
            )
            for batch in batches
        ]  # fmt: skip

    def gallery(self, batch_id: int, before: int, limit: int, decision: str) -> list[Json]:
        """Scans of a batch, newest first, with sequences below `before`; of one decision or all."""
        store = self._view.store()
        numbers = store.scan_ids_before(batch_id, before or _ABOVE_ALL, limit, decision)
        scans, answers = store.scans(numbers), store.present_answers(numbers)
        routings = store.routings(numbers)
        return [
            view.scan_json(
                scans[number], self._view.data_dir, answers[number], routings.get(number)
            )
            for number in numbers
            if number in scans and number in answers
        ]

    def _batch(
        self, store: Store, batch: Batch, waiting: int, counted: int | None,
        machine: Json | None, currency: str,
    ) -> Json:  # fmt: skip
        summary = store.batch_summary(batch.id or 0)
        unread = _unread(store, batch)
        state = machine["state"] if machine else summary.state
        fields = view.batch_json(batch.name, summary, state)
        fields.update(
            kind=batch.kind,
            mode=batch.mode,
            store=batch.store,
            location=batch.location,
            game=batch.game,
            sets=batch.sets,
            condition=batch.condition,
            language=batch.language,
            driver=batch.driver,
            is_open=machine is not None,
            word=machine["word"] if machine else _word(summary, batch, unread),
            tone=machine["tone"] if machine else "run" if unread else "done",
            advice=machine["advice"] if machine else "",
            can=machine["can"] if machine else [],
            waiting=waiting,
            counted=counted,
            difference=None if counted is None else counted - summary.cards,
            **self._value(store, summary, batch.condition, currency),
        )
        fields["facts"] = _facts(batch)
        if batch.mode == Mode.SORT:
            rules = store.rules_of_batch(batch.id or 0)
            fields["facts"].append(f"Sorted by {rules.name if rules else 'decision'}")
        elif batch.mode == Mode.OFFER:
            fields["facts"].append("For an offer")
        ended = machine is None and not unread
        fields["steps"] = _steps(summary, ended, waiting, counted)
        if unread:
            fields["steps"][0]["text"] += (
                f", {words.count(unread, 'picture waits', 'pictures wait')}"
            )
        fields["text"].update(
            word=fields["word"],
            advice=fields["advice"],
            waiting=f"{waiting:,}",
            value=fields["value"] or "–",
            unpriced=f"{fields['unpriced']:,} without a price" if fields["unpriced"] else "",
            **{f"step_{step['key']}": step["text"] for step in fields["steps"]},
        )
        return fields

    def _value(self, store: Store, summary: BatchSummary, condition: str, currency: str) -> Json:
        key = (summary.cards, summary.later_rows, store.values_as_of(), condition)
        known = self._values.get(summary.batch_id)
        if known is None or known[0] != key:
            found = store.batch_value(summary.batch_id, currency)
            priced = found.amount_minor or (summary.accepted and not found.unpriced)
            money = str(Money(found.amount_minor, currency)) if priced else ""
            known = key, {"value": money, "unpriced": found.unpriced}
            self._values[summary.batch_id] = known
        return known[1]


def _unread(store: Store, batch: Batch) -> int:
    """How many pictures of an upload wait; 0 for the machine's batches."""
    if batch.kind != UPLOAD:
        return 0
    return store.upload_counts([batch.upload_id])[batch.upload_id].waiting


def _word(summary: BatchSummary, batch: Batch, unread: int) -> str:
    """What a batch is that the machine has not in hand."""
    if batch.kind == UPLOAD:
        return "Reading pictures" if unread else "Upload"
    return words.machine_wording(summary.state if summary.state in ENDS else "stopped").word


def _facts(batch: Batch) -> list[str]:
    """What the batch was said to be, in words."""
    sets = ", ".join(batch.sets[:3])
    more = len(batch.sets) - 3
    if more > 0:
        sets += f" and {more} more"
    condition, language = CONDITIONS.get(batch.condition, ""), LANGUAGES.get(batch.language, "")
    known = (batch.store, batch.location, batch.game, sets, condition, language)
    return [fact for fact in known if fact]


def _steps(summary: BatchSummary, ended: bool, waiting: int, counted: int | None) -> list[Json]:
    """The three stages of a batch's work, each done or not, with how far it is."""
    cards = summary.cards
    scanned = f"{cards:,} of {summary.expected:,}" if summary.expected else f"{cards:,}"
    if counted is None:
        count, agrees = "not counted by hand", False
    else:
        missing = counted - cards
        agrees = not missing
        count = (
            f"{counted:,} counted, agrees" if agrees
            else f"{missing:,} missing" if missing > 0
            else f"{-missing:,} too many"
        )  # fmt: skip
    return [
        {"key": "scan", "name": "Scan", "done": ended and cards > 0, "text": scanned},
        {
            "key": "review",
            "name": "Review",
            "done": ended and cards > 0 and not waiting,
            "text": f"{words.count(waiting, 'card waits', 'cards wait')}" if waiting else
            ("nothing waits" if cards else "no cards yet"),
        },
        {"key": "count", "name": "Count", "done": agrees, "text": count},
    ]  # fmt: skip
