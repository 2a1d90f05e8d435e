"""One thread that notices news and fans it out, however many pages are open."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from scanner.errors import StoreError
from webui.hub import Hub
from webui.log_view import LogView
from webui.view import Json

POLL_S = 0.02
"""One PRAGMA and one `stat` each; a page must show a scan within 100 ms of its commit."""
IDLE_POLL_S = 0.5
"""With no page open; keeps the preview's age right for the next one."""
LATER_S = 1.0
"""How long rows that changed are gathered before the list is told anew."""
_RETRY_S = 1.0
_PAGE = 100

logger = logging.getLogger(__name__)


class Watcher:
    """Watches the log by `PRAGMA data_version` and the preview by its time stamp."""

    def __init__(
        self, view: LogView, hub: Hub, on_death: Callable[[], None] = lambda: None
    ) -> None:
        """Prepare; `on_death` is called if the thread ends by a defect."""
        self._view = view
        self._hub = hub
        self._on_death = on_death
        self._stop = threading.Event()
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._version = -1
        self._scan_id: int | None = None
        self._restored_id = 0
        self._owed = False
        self._owed_mono_s = 0.0
        self._picture_key: tuple[object, ...] = ()
        self._machine_key: tuple[object, ...] = ()
        self._state: Json = {}

    def start(self) -> None:
        """Start the thread, once; what is committed after this returns is told to every page."""
        with self._start_lock:
            if self._thread is None and not self._stop.is_set():
                # Without a log yet, the pages get a snapshot once there is one.
                with suppress(StoreError):
                    self._scan_id = self._newest_scan_id()
                self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
                self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Stop the thread and wait for it."""
        self._stop.set()
        with self._start_lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
            if thread.is_alive():
                logger.error("the watcher thread did not stop within %s s", timeout_s)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                pause_s = POLL_S if len(self._hub) else IDLE_POLL_S
                try:
                    self._look()
                except StoreError as error:
                    logger.warning("the log can't be read now: %s", error)
                    self._publish_state(self._view.state())
                    pause_s = _RETRY_S
                self._stop.wait(pause_s)
        except BaseException:
            logger.exception("the watcher thread died; the page would show old news")
            self._hub.close()
            self._on_death()
            raise

    def _look(self) -> None:
        preview = self._view.files.read()
        picture = (preview.sequence, preview.fresh, preview.view, preview.cards)
        machine = (preview.fresh, preview.state, preview.driver, preview.recognizer)
        version = self._view.store().data_version()
        owed = self._owed and time.monotonic() >= self._owed_mono_s
        if version != self._version or machine != self._machine_key or owed:
            # Noted before reading: what comes in between is read twice rather than missed.
            self._version, self._machine_key = version, machine
            if not len(self._hub):
                newest = self._newest_scan_id()
                if not len(self._hub):
                    # A page that opens after this line reads the log itself.
                    self._scan_id = newest
                    return
            self._publish_scans()
            self._publish_state(self._view.state())
            if owed:
                self._owed = False
                self._hub.publish(self._view.snapshot_frame())
        if picture != self._picture_key:
            self._picture_key = picture
            self._hub.publish(self._view.preview_frame())

    def _publish_scans(self) -> None:
        store = self._view.store()
        if self._scan_id is None:
            self._scan_id = self._newest_scan_id()
            self._hub.publish(self._view.snapshot_frame())
            return
        while True:
            scans = store.scans_after(self._scan_id, _PAGE)
            for scan in scans:
                self._hub.publish(self._view.scan_frame(scan))
                self._scan_id = scan.id or self._scan_id
            if len(scans) < _PAGE:
                return

    def _newest_scan_id(self) -> int:
        latest = self._view.store().latest_scans(1)
        return (latest[0].id or 0) if latest else 0

    def _publish_state(self, state: Json) -> None:
        def lasting(whole: Json) -> Json:
            return {key: value for key, value in whole.items() if key != "server_time"}

        if lasting(state) == lasting(self._state):
            return
        first = not self._state
        new_batch = (state["batch"] or {}).get("id") != (self._state.get("batch") or {}).get("id")
        restored = state["restored_id"] != self._restored_id
        # At the first look too: a page that opened just before may show the rows as they were.
        later = state["later_rows"] != self._state.get("later_rows", 0)
        self._state, self._restored_id = state, state["restored_id"]
        if later and not (self._owed or restored or (new_batch and not first)):
            # Old rows have changed. Retries come many in a second: the page is told at leisure.
            self._owed, self._owed_mono_s = True, time.monotonic() + LATER_S
        if (new_batch or restored) and not first:
            # The list shows one batch, and a restored log may lack rows that pages still show.
            self._hub.publish(self._view.snapshot_frame())
        else:
            self._hub.publish(self._view.state_frame(state))
