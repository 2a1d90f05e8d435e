"""What the Live page knows at one moment, put together from the log and the preview."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf
from pathlib import Path

from jinja2 import Environment

from scanner.errors import StoreError
from scanner.price_sources import USUAL_ORDER, SourceOrder
from scanner.routing import Mode
from scanner.store import Store
from scanner.store_sync import LinkKind
from scanner.store_updates import MODELS, PACKS, PROBLEMS
from scanner.tables import Scan
from webui import view, words
from webui.hub import SNAPSHOT, Frame
from webui.live_files import LiveFiles, Preview
from webui.notices import Situation, notices_for
from webui.view import Json

LIST_LENGTH = 60
"""Rows of the running list; a page that missed more than this starts over from a snapshot."""
_EVENTS_LOOKED_AT = 20
_UPDATED = {MODELS: "The models"}


class LogView:
    """Reads the log for the page. Thread-safe; opens the log when first asked and there is one."""

    def __init__(
        self, data_dir: Path, templates: Environment, price_order: SourceOrder = USUAL_ORDER
    ) -> None:
        self.data_dir = data_dir
        self._price_order = price_order
        self.files = LiveFiles(data_dir)
        self._templates = templates
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._last_state: tuple[object, Json] = (None, {})
        self.further_notices: Callable[[], list[dict[str, str]]] = list

    def store(self) -> Store:
        """Return the open log.

        Raises:
            StoreError: there is none yet, or it can't be read; the message says what to do.
        """
        with self._lock:
            if self._store is None:
                self._store = Store.open(
                    self.data_dir, role="web", wait_s=0, price_order=self._price_order
                )
            return self._store

    def close(self) -> None:
        """Close the log, if it was opened."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def state(self) -> Json:
        """Return everything but the scans; where the log can't be read, say so in its place."""
        preview = self.files.read()
        try:
            store = self.store()
            # What the state is made of; taken before reading, so that nothing new is missed.
            seen = (
                store.data_version(),
                (preview.state, preview.driver, preview.recognizer, preview.age_s < inf),
                preview.fresh,
                [notice["key"] for notice in self.further_notices()],
            )
            known, state = self._last_state
            if known != seen:
                state = self._state(store, preview)
                self._last_state = (seen, state)
            return {**state, "server_time": _server_time()}
        except StoreError as error:
            return self._without_log(str(error), preview)

    def scans(self, limit: int = LIST_LENGTH) -> list[Json]:
        """Return the newest scans of the batch that the page shows, newest first.

        Raises:
            StoreError: the log can't be read.
        """
        batch = self.store().latest_batch()
        if batch is None:
            return []
        return self._scans_json(self.store().latest_scans(limit, batch.id))

    def last_mode(self) -> str:
        """Return what the newest batch was for: most often the next one is for the same."""
        try:
            batch = self.store().latest_batch()
        except StoreError:
            batch = None
        return Mode.SCAN.value if batch is None else batch.mode

    def rules_in_force(self) -> str:
        """Return the name of the rules that a batch that sorts would take up, "" for none."""
        try:
            row = self.store().chosen_rules("sort")
        except StoreError:
            row = None
        return "" if row is None else row.name

    def open_alerts(self) -> int:
        """Return how many alerts nobody has acknowledged; 0 where the log can't be read."""
        try:
            return self.store().alert_mark().open
        except StoreError:
            return 0

    def rules_mark(self) -> str:
        """Return how alert rules and acknowledged alerts stand; "" where the log can't be read."""
        try:
            store = self.store()
            mark, version = store.alert_mark(), store.rules_version()
            return str(view.alerts_json(mark, version, rules_problem(store))["kept"])
        except StoreError:
            return ""

    def newest_scan_id(self) -> int:
        """Return the newest scan's id, where a page begins to follow the news; 0 for none."""
        try:
            latest = self.store().latest_scans(1)
        except StoreError:
            latest = []
        return (latest[0].id or 0) if latest else 0

    def scan_json(self, scan: Scan) -> Json:
        """Return one scan as the page shows it."""
        for fields in self._scans_json([scan]):
            return fields
        raise StoreError("The log was just restored from a backup: reload the page.")

    def _scans_json(self, scans: Sequence[Scan]) -> list[Json]:
        """Return scans with their present answers, all read in one look."""
        ids = [scan.id or 0 for scan in scans]
        answers, routings = self.store().present_answers(ids), self.store().routings(ids)
        return [
            view.scan_json(scan, self.data_dir, answers[scan.id or 0], routings.get(scan.id or 0))
            for scan in scans
            if scan.id in answers
        ]

    def card_html(self, scan: Json) -> str:
        """Return the large card."""
        return self._templates.get_template("_card.html").render(scan=scan)

    def rows_html(self, scans: Sequence[Json]) -> str:
        """Return rows of the running list."""
        return self._templates.get_template("_rows.html").render(scans=scans)

    def state_frame(self, state: Json) -> Frame:
        """Return the news that something other than the scans has changed."""
        return Frame("state", state)

    def preview_frame(self) -> Frame:
        """Return the news of what is under the camera."""
        return Frame("preview", view.preview_json(self.files.read()))

    def scan_frame(self, scan: Scan) -> Frame:
        """Return the news of one scan."""
        fields = self.scan_json(scan)
        number = scan.id or 0
        data = {"scan": fields, "row": self.rows_html([fields]), "card": self.card_html(fields)}
        return Frame("scan", data, id=str(number), scan_id=number)

    def snapshot_frame(self) -> Frame:
        """Return the whole page: what a page starts from that has nothing, or missed too much."""
        try:
            latest = self.store().latest_scans(1)
            known = (latest[0].id or 0) if latest else 0
            scans = self.scans()
        except StoreError:
            known, scans = 0, []
        data = {
            "state": self.state(),
            "rows": self.rows_html(scans),
            "card": self.card_html(scans[0]) if scans else "",
            "newest": scans[0]["id"] if scans else 0,
        }
        return Frame(SNAPSHOT, data, id=str(known))

    def news_after(self, scan_id: int | None) -> list[Frame]:
        """Return all that a page has missed that knows the scans up to `scan_id`, in order."""
        try:
            if scan_id is None:
                return [self.snapshot_frame(), self.preview_frame()]
            missed = self.store().scans_after(scan_id, LIST_LENGTH + 1)
            latest = self.store().latest_scans(1)
            known = scan_id <= (latest[0].id or 0) if latest else scan_id == 0
            batch = self.store().latest_batch()
            other_batch = any(batch is None or scan.batch_id != batch.id for scan in missed)
            if len(missed) > LIST_LENGTH or not known or other_batch:
                return [self.snapshot_frame(), self.preview_frame()]
            scans = [self.scan_frame(scan) for scan in missed]
        except StoreError:
            scans = []
        return [*scans, self.state_frame(self.state()), self.preview_frame()]

    def _state(self, store: Store, preview: Preview) -> Json:
        batch = store.latest_batch()
        open_batch = store.open_batch()
        latest = store.latest_scans(1, batch.id) if batch else []
        newest_scan_id = (latest[0].id or 0) if latest else 0
        machine = view.machine_state(
            store.latest_events(_EVENTS_LOOKED_AT), newest_scan_id, open_batch is not None, preview
        )
        allowed = view.allowed_commands(machine, open_batch is not None)
        recognizer = preview.recognizer or (latest[0].recognizer if latest else "")
        driver = preview.driver or (batch.driver if batch else "")
        notice, mark = store.notice(), store.alert_mark()
        told = store.open_alerts(1) if mark.open else []
        situation = Situation(
            machine=view.machine_json(machine, allowed),
            feed_silent=not preview.fresh and machine.kind != "disk_full",
            ever_fed=preview.age_s < float("inf") or batch is not None,
            driver=driver,
            recognizer=recognizer,
            restored=notice.text if notice else "",
            cloud=_cloud_problem(store),
            update=update_problem(store),
            alerts=[(each.rule, each.name or each.card_id, each.text) for each in told],
            open_alerts=mark.open,
        )
        summary = store.batch_summary(batch.id) if batch and batch.id else None
        return self._finish(
            situation,
            batch=(
                {**view.batch_json(batch.name, summary, machine.kind), "mode": batch.mode}
                if batch and summary
                else None
            ),
            newest=newest_scan_id,
            later_rows=summary.later_rows if summary else 0,
            waiting=view.waiting_json(store.pending_commands()),
            alerts=view.alerts_json(mark, store.rules_version(), rules_problem(store)),
            newest_price=store.newest_price_id(),
            restored_id=notice.event_id if notice else 0,
        )

    def _without_log(self, error: str, preview: Preview) -> Json:
        machine = view.machine_json(view.Machine("idle"), [])
        situation = Situation(
            machine=machine,
            feed_silent=not preview.fresh,
            ever_fed=False,
            driver=preview.driver,
            recognizer=preview.recognizer,
            log_error=error,
        )
        return self._finish(
            situation,
            batch=None,
            newest=0,
            later_rows=0,
            waiting=[],
            alerts=None,
            newest_price=0,
            restored_id=0,
        )

    def _finish(self, situation: Situation, **fields: object) -> Json:
        notices = [*notices_for(situation), *self.further_notices()]
        return {
            "server_time": _server_time(),
            "machine": situation.machine,
            **fields,
            "feed_silent": situation.feed_silent,
            "driver": situation.driver,
            "recognizer": situation.recognizer,
            "about": words.about(situation.driver, situation.recognizer),
            "log_error": situation.log_error,
            "notices": notices,
            "notices_html": self._templates.get_template("_notices.html").render(notices=notices),
        }


def _server_time() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _cloud_problem(store: Store) -> str:
    """Why nothing goes to the cloud, where only a person can mend it."""
    event = store.sync_event()
    if event is None or event.kind not in (LinkKind.REFUSED, LinkKind.UNHEARD):
        return ""
    return f"{event.detail} Scanning goes on; nothing is lost."


def rules_problem(store: Store) -> str:
    """Why rules for all scanners do not get to the others, where only a person can mend it."""
    event = store.sync_event()
    return event.detail if event is not None and event.kind == LinkKind.RULES_REFUSED else ""


def update_problem(store: Store) -> str:
    """Which packs or models of the cloud did not come into use, and why."""
    troubled = [event for event in store.update_events() if event.kind in PROBLEMS]
    return " ".join(
        f"{_UPDATED.get(event.target) or event.target.removeprefix(PACKS)} {event.version}: "
        f"{event.detail}"
        for event in troubled
    ) + (" Scanning goes on with what was in use." if troubled else "")
