"""Brings announced packs and models onto this device and into use, in a thread of its own.

Nothing here waits for the exchange of scans, nor that for this. What is announced is told again by
the broker whenever the device connects, so that only what was refused needs remembering.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from scanner.catalog.trial import TrialCutShortError
from scanner.config import Settings
from scanner.errors import (
    AlreadyRunningError,
    CounterscanError,
    ModelError,
    PackDiskError,
    PackError,
    StoreError,
)
from scanner.store import Store
from scanner.store_updates import MODELS, UpdateKind
from scanner.tables_updates import UpdateAnnounced
from sync.fetch import Fetcher, FetchError, FetchStoppedError
from sync.protocol_fleet import Release
from sync.update_inbox import UpdateInbox
from sync.update_intake import Intake
from sync.update_notes import Notes, announced_row
from sync.update_orders import UpdateOrders
from sync.update_plan import Plan, Step, may_take, plan
from sync.update_shelf import Shelf, game_of
from sync.update_switch import Change, Switch, Trial
from sync.update_troubles import Troubles

log = logging.getLogger(__name__)

FOLDER = "updates"
_FIRST_WAIT_S = 60.0
_STORE_WAIT_S = 5.0


class Updater:
    """See the module. `announced` and `update_now` may come from another thread."""

    def __init__(
        self, settings: Settings, store: Store, make_fetcher: Callable[[Path], Fetcher],
        trusted: tuple[str, ...], trial: Trial, stopping: threading.Event,
        first_wait_s: float = _FIRST_WAIT_S,
    ) -> None:  # fmt: skip
        """Nothing happens before `start`."""
        self._settings = settings
        self._store = store
        self._folder = settings.data_dir / FOLDER
        self._fetcher = make_fetcher(self._folder)
        intake = Intake(settings.data_dir, self._folder, self._fetcher, trusted)
        self._shelf = Shelf(settings, intake)
        self._switch = Switch(settings.data_dir, self._folder, trial)
        self._stopping = stopping
        self._inbox = UpdateInbox(stopping)
        self.orders = UpdateOrders()
        self._troubles = Troubles(self._folder, first_wait_s)
        self._notes = Notes(store)
        self.died: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="updates", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; what is half fetched goes on from there with the next start."""
        self._stopping.set()
        self._inbox.wake()
        if self._thread.is_alive():
            self._thread.join(3)

    def announced(self, target: str, release: Release | None) -> None:
        """Take note of an announcement; None: it was withdrawn."""
        self._inbox.announced(target, release)

    def update_now(self) -> None:
        """Look again at all that is announced, also at what was put off or refused."""
        self._inbox.ask_all()

    def take(self, target: str, version: str) -> None:
        """Bring one announced version into use, though it was put off or refused before.

        `orders` says what came of it.
        """
        self.orders.want(target, version)
        self._inbox.ask(target)

    def heard_all(self) -> None:
        """What the broker keeps has come by now: what is not announced is announced no longer."""
        self._inbox.hear_all()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set() and not self._begun():
                self._stopping.wait(_STORE_WAIT_S)
            while not self._stopping.is_set():
                self._turn()
        except Exception as error:  # the exchange ends with it, and the process is started anew
            log.exception("the updates have failed")
            self.died = error

    def _begun(self) -> bool:
        try:
            self._troubles.begin()
            self._notes.begin()
            if self._switch.go_back():
                log.warning("an update that was cut short was taken back; it is tried again")
        except CounterscanError as error:
            log.error("%s", error)
            return False
        return True

    def _turn(self) -> None:
        news = self._inbox.wait(self._troubles.wait_s())
        if news is None:
            return
        for target in news.fresh:
            self._troubles.settle(target)
        for target in news.again:
            self._troubles.forgive(target)
        if news.asked:
            self._troubles.forget()
            for target, release in news.releases.items():
                self.orders.want(target, release.version)
        try:
            self._note_withdrawn(news.withdrawn)
            self.orders.compare(news.releases, heard_all=news.heard_all)
            self._round(news.releases, heard_all=news.heard_all)
        except (StoreError, OSError) as error:
            log.error("%s", error)
            self._inbox.put_back(news)
            self._stopping.wait(_STORE_WAIT_S)

    def _note_withdrawn(self, targets: Collection[str]) -> None:
        for target in targets:
            version, kind = self._notes.last(target)
            if kind != UpdateKind.IN_USE:
                self._tell(target, version, UpdateKind.WITHDRAWN)

    def _round(self, releases: Mapping[str, Release], *, heard_all: bool) -> None:
        """Fetch what is to be fetched, then put in use what is here."""
        self._troubles.let_go()
        self._fetcher.forget_all_but({release.sha256 for release in releases.values()})
        present = self._shelf.embedder()
        models = releases.get(MODELS)
        coming = {present, models.model_id} if models is not None else {present}
        plans: dict[str, Plan] = {}
        rows: list[UpdateAnnounced] = []
        for target, release in sorted(releases.items()):
            if not self._shelf.follows(target):
                why = "This device has no packs of that game."
                self.orders.settle(target, release.version, why)
                continue
            embedders = frozenset({release.model_id}) if target == MODELS else frozenset(coming)
            is_refused = self._troubles.is_refused(target, release)
            held = self._shelf.held(target, release, is_refused=is_refused)
            may_update = self._settings.sync.auto_update or self.orders.wants(
                target, release.version
            )
            plans[target] = plan(release, held, may_update=may_update, models=embedders)
            takes = may_take(release, held, models=embedders)
            rows.append(announced_row(target, release, may_take=takes))
        self._notes.announce(rows, is_all=heard_all)
        ready = {
            target: releases[target]
            for target, step in plans.items()
            if self._arrive(target, releases[target], step)
        }
        self._put_in_use(ready, present)

    def _arrive(self, target: str, release: Release, step: Plan) -> bool:
        """Whether the announced version is here, and not yet in use."""
        match step.step:
            case Step.DONE:
                self._troubles.settle(target)
                self.orders.settle(target, release.version)
                if not self._notes.is_in_use(target, release.version):
                    self._tell(target, release.version, UpdateKind.IN_USE)
            case Step.WAIT:
                self._tell(target, release.version, UpdateKind.WAITING, step.text)
                self.orders.settle(target, release.version, step.text)
            case Step.REFUSE if step.text:
                self._tell(target, release.version, UpdateKind.REFUSED, step.text)
                self.orders.settle(target, release.version, step.text)
            case Step.SWITCH:
                return not self._troubles.is_put_off(target)
            case Step.FETCH if not self._troubles.is_put_off(target):
                return self._fetch(target, release)
        return False

    def _fetch(self, target: str, release: Release) -> bool:
        self._tell(target, release.version, UpdateKind.FETCHING)
        try:
            self._shelf.take(release, self._notes.progress(target))
        except FetchStoppedError:
            return False
        except (AlreadyRunningError, PackDiskError) as error:
            self._put_off(target, release, str(error))
            return False
        except FetchError as error:
            if error.retryable:
                self._put_off(target, release, str(error))
            else:
                self._refuse(target, release, str(error))
            return False
        except (PackError, ModelError) as error:
            self._refuse(target, release, str(error))
            return False
        return True

    def _put_in_use(self, ready: Mapping[str, Release], present: str) -> None:
        models = ready.get(MODELS)
        packs = {name: release for name, release in ready.items() if name != MODELS}
        if models is not None and models.model_id != present:
            moving = {n: r for n, r in packs.items() if r.model_id == models.model_id}
            lacking = self._shelf.games_in_use() - {game_of(name) for name in moving}
            if lacking:
                names = ", ".join(sorted(lacking))
                why = f"They are here, and wait for packs made for them: {names}."
                self._tell(MODELS, models.version, UpdateKind.WAITING, why)
            else:
                self._change({MODELS: models, **moving})
            packs = {n: r for n, r in packs.items() if n not in moving}
        elif models is not None:
            self._change({MODELS: models})
        for target, release in packs.items():
            if release.model_id == present:
                self._change({target: release})

    def _change(self, releases: Mapping[str, Release]) -> None:
        """Put versions in use together; they are refused together where a trial fails."""
        before = {target: self._shelf.version_in_use(target) for target in releases}
        for target, release in releases.items():
            self._tell(target, release.version, UpdateKind.TRYING)
        models = releases.get(MODELS)
        versions = {game_of(n): r.version for n, r in releases.items() if n != MODELS}
        change = Change(versions, None if models is None else models.version)
        try:
            why, was_in_use = self._switch.make(change)
        except (AlreadyRunningError, PackDiskError, TrialCutShortError) as error:
            self._switch.go_back()
            for target, release in releases.items():
                self._put_off(target, release, str(error))
            return
        except (PackError, ModelError) as error:
            self._switch.go_back()
            why, was_in_use = str(error), False
        for target, release in releases.items():
            if why:
                kind = UpdateKind.ROLLED_BACK if was_in_use else UpdateKind.REFUSED
                self._refuse(target, release, f"It did not pass its trial here. {why}", kind)
                self._shelf.remove(target, release)
            else:
                self._troubles.settle(target)
                old = before[target]
                text = f"In the place of {old}." if old else ""
                if release.rollback:
                    text = f"Back from {old}, as the cloud asked." if old else text
                self._tell(target, release.version, UpdateKind.IN_USE, text)
                self.orders.settle(target, release.version)
                self._shelf.prune(target)

    # What came of it.

    def _tell(self, target: str, version: str, kind: UpdateKind, text: str = "") -> None:
        self._notes.tell(target, version, kind, text)

    def _put_off(self, target: str, release: Release, why: str) -> None:
        self._troubles.put_off(target)
        self._tell(target, release.version, UpdateKind.FAILED, f"{why.rstrip('.')}.")

    def _refuse(
        self, target: str, release: Release, why: str, kind: UpdateKind = UpdateKind.REFUSED
    ) -> None:
        self._tell(target, release.version, kind, f"{why.rstrip('.')}.")
        self.orders.settle(target, release.version, f"{why.rstrip('.')}.")
        self._troubles.refuse(target, release)
