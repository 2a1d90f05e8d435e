"""The loop's paperwork: the batch in hand, the page's commands, the journal, the commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from firmware.events import Bay, Event, Pause, Stop
from firmware.journal import Journal
from scanner.batches import plan_of
from scanner.errors import StoreFullError
from scanner.logs import fields
from scanner.records import Identification
from scanner.routing import Mode, Router, Routing
from scanner.store import Store
from scanner.store_updates import from_cloud
from scanner.tables import Batch, Command, Scan

log = logging.getLogger(__name__)

LAST_STATES_THAT_REST = frozenset(
    {
        "paused",
        "jam",
        "double_feed",
        "mis_seat",
        "hopper_empty",
        "sorter_stuck",
        "emergency_stop",
        "door_open",
    }
)
MOST_OF_A_PAGE = 32
REMOTE = ("start", "pause")
"""What the cloud may ask of the machine."""

EVENTS: Mapping[str, Event] = {"pause": Pause(), "stop": Stop()}
_WORDS: Mapping[str, Literal["Paused", "Started"]] = {"start": "Started", "pause": "Paused"}


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that the last run of the process left open."""

    name: str
    expected: int
    logged: int
    paused: bool
    last_card_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageCommand:
    """What the page asks: its kind, and the event it becomes when it needs nothing else.

    `said` tells who asked where it was not somebody here: a sentence for the log.
    """

    id: int
    kind: str
    argument: Mapping[str, str | int]
    event: Event | None
    said: str = ""


def expected_cards(argument: Mapping[str, str | int]) -> int:
    """The cards that a start command announces, 0 when it names no sensible number."""
    try:
        return max(0, int(argument.get("expected_cards", 0)))
    except ValueError:
        return 0


def mode_asked(argument: Mapping[str, str | int]) -> Mode | None:
    """The mode that a start command names, `scan` without one; None for a name that is unknown."""
    try:
        return Mode(str(argument.get("mode") or Mode.SCAN.value))
    except ValueError:
        return None


class Desk:
    """Everything that the loop writes to and reads from the store. Raises the store's errors.

    `has_bins` says that every card goes to a bin; without, only a batch that sorts names one.
    `on_batch` is told of the batch that begins or goes on, and of None at its end.
    """

    def __init__(
        self,
        store: Store,
        driver: str,
        router: Router,
        *,
        has_bins: bool = False,
        on_batch: Callable[[Batch | None], None] = lambda _batch: None,
    ):
        self._store = store
        self._driver = driver
        self._router = router
        self._has_bins = has_bins
        self._on_batch = on_batch
        self._routes = has_bins
        self._journal = Journal(store)
        self._batch_id: int | None = None
        self._unanswered: list[tuple[int, str]] = []

    def find_open_batch(self) -> OpenBatch | None:
        """The batch to go on with after a restart, at rest if a person had to help."""
        batch = self._store.open_batch()
        if batch is None or batch.id is None:
            return None
        self._batch_id = batch.id
        self._on_batch(batch)
        self._begin_routing(batch.id, Mode(batch.mode))
        summary = self._store.batch_summary(batch.id)
        last = self._store.latest_scans(MOST_OF_A_PAGE, batch.id)
        # The cards of one page were seen in one frame.
        together = [one for one in last if one.captured_mono_ns == last[0].captured_mono_ns]
        return OpenBatch(
            batch.name,
            batch.expected_cards,
            summary.cards,
            summary.state in LAST_STATES_THAT_REST,
            tuple(one.card_id for one in together),
        )

    def begin_batch(
        self, argument: Mapping[str, str | int], expected: int, mode: Mode, said: str = ""
    ) -> None:
        """Open a batch as the page asks; `expected` is 0 when nobody counted.

        `said` tells who asked where it was not somebody here.
        """
        name = str(argument.get("name", "")).strip()
        batch = self._store.create_batch(
            name or "Batch", expected, self._driver, mode, plan_of(argument)
        )
        self._batch_id = batch.id
        self._on_batch(batch)
        self._begin_routing(batch.id or 0, mode)
        self._store.add_event(self._batch_id, "started", said or f"With {self._driver}.")

    def end_batch(self, kind: str) -> None:
        """Close the batch in hand."""
        self._store.add_event(self._batch_id, kind)
        self._batch_id = None
        self._on_batch(None)

    def announce(self, kind: str, detail: str) -> None:
        """Tell the page of a change."""
        self._store.add_event(self._batch_id, kind, detail)

    def route(self, answer: Identification, full_bins: frozenset[int]) -> Routing | None:
        """Where the card is to go; None where there are no bins. Nothing is written yet."""
        return self._router.route(answer, full_bins) if self._routes else None

    def commit(
        self,
        answer: Identification,
        captured_mono_ns: int,
        routing: Routing | None,
        *,
        counted: bool,
    ) -> Scan:
        """Put the scan and its routing on disk; `counted` where a mechanism numbers its cards."""
        assert self._batch_id is not None
        scan = self._store.commit_scan(
            self._batch_id,
            answer,
            feed_key=self._journal.key if counted else None,
            driver=self._driver,
            finish=answer.finish.value,
            captured_mono_ns=captured_mono_ns,
            routing=routing,
        )
        log.debug(
            "scan %d on disk: %s", scan.id, scan.decision,
            extra=fields(scan_id=scan.id or 0, batch_id=scan.batch_id, decision=scan.decision),
        )  # fmt: skip
        if counted:
            self._journal.card_logged()
        if routing is not None:
            self._router.learn(scan.id or 0, answer, routing)
        return scan

    @property
    def feed_key(self) -> str:
        """The mechanism's number of the card that was fed last."""
        return self._journal.key

    def bin_of_card(self) -> int:
        """The bin of the card that was fed last, as it is on disk; 0 for none."""
        routing = self._store.routing_of_key(self._journal.key)
        return 0 if routing is None else routing.bin

    def fallen_up_to(self, *, card_waits: bool) -> int:
        """The scan of the card that fell last; `card_waits`: the newest one is still in the bay."""
        last = self._store.last_routed_scan()
        return max(0, last - 1) if card_waits else last

    def bin_emptied(self, bin_number: int, after_scan: int) -> None:
        """Note that a person has emptied a bin after the card of a scan had fallen."""
        self._store.add_bin_emptied(bin_number, after_scan)
        self._router.emptied(bin_number)

    def _begin_routing(self, batch_id: int, mode: Mode) -> None:
        self._routes = self._has_bins or mode is Mode.SORT
        self._router.begin(batch_id, mode)

    def before_feeding(self) -> None:
        """See `Journal.before_feeding`."""
        self._journal.before_feeding(self._batch_id)

    def after_ejecting(self) -> None:
        """See `Journal.after_ejecting`."""
        self._journal.after_ejecting(self._batch_id)

    def bay(self, occupied: bool) -> Bay:
        """See `Journal.bay`."""
        return self._journal.bay(occupied, self._batch_id)

    def commands(self) -> list[PageCommand]:
        """What the page, or the cloud where the shop allows it, asked since the last look."""
        self._answer_late()
        answered = {command_id for command_id, _ in self._unanswered}
        asked = [
            PageCommand(
                command.id or 0, command.kind, command.argument, EVENTS.get(command.kind)
            )
            for command in self._store.pending_commands()
        ]  # fmt: skip
        asked += [self._from_cloud(command) for command in self._store.pending_remote(REMOTE)]
        return [command for command in asked if command.id not in answered]

    def _from_cloud(self, command: Command) -> PageCommand:
        by = self._store.remote_issuer(command.id or 0)
        said = from_cloud(_WORDS[command.kind], by)
        event = Pause(said) if command.kind == "pause" else None
        return PageCommand(command.id or 0, command.kind, command.argument, event, said)

    def answer(self, command: PageCommand, outcome: str) -> None:
        """Note that a command was dealt with; on a full disk later, so that it is never redone."""
        self._unanswered.append((command.id, outcome))
        self._answer_late()

    @property
    def all_answered(self) -> bool:
        """Whether every answer is on disk."""
        return not self._unanswered

    def _answer_late(self) -> None:
        while self._unanswered:
            try:
                self._store.finish_command(*self._unanswered[0])
            except StoreFullError:
                return
            self._unanswered.pop(0)
