"""The device as one of many: packs and models announced to it, commands, and what it holds.

Beside the agent, which hands it messages and turns; the updates run in a thread of their own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from scanner.catalog.library import Library
from scanner.catalog.trial import Asked, try_out
from scanner.config import Settings
from scanner.errors import CounterscanError, ModelError
from scanner.models import read_manifest as read_model
from scanner.models_library import ModelLibrary, models_in_use
from scanner.store import Store
from scanner.store_updates import MODELS, PACKS
from scanner.tables import utc_now
from sync.fetch import Fetcher, Limits
from sync.link import Incoming, Outcome
from sync.page_updates import PageUpdates
from sync.pairing import Pairing
from sync.protocol import ROOT, device_topic, unpart
from sync.protocol_fleet import (
    DeviceCommand,
    Holdings,
    LogLines,
    ModelsRelease,
    PackRelease,
    UpdateTold,
    models_release_topic,
    pack_release_topic,
)
from sync.protocol_words import LONGEST
from sync.remote import Remote
from sync.tls import files_context
from sync.update_switch import Trial
from sync.updater import Updater
from sync.wire import MessageError, pack, pack_json, read_json

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 2.0
_RETAINED_WITHIN_S = 20.0
"""How long after the connection what the broker keeps has surely come."""
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Publish(Protocol):
    """Hands a message to the broker and returns its number; `Link.publish` is one."""

    def __call__(self, topic: str, payload: bytes, *, retain: bool = False) -> int: ...


class Fleet:
    """See the module. For the agent's thread."""

    def __init__(
        self, settings: Settings, store: Store, pairing: Pairing, *,
        limits: Limits | None = None, trial: Trial | None = None, first_wait_s: float = 60.0,
    ) -> None:  # fmt: skip
        """Nothing happens before `start`. Raises ConfigError for a useless certificate."""
        self._settings = settings
        self._store = store
        self._device = pairing.user
        self._may_be_plain = not pairing.encrypted
        self._command_topic = device_topic(self._device, "down", "command")
        self._stopping = threading.Event()
        self._client = _client(pairing, limits or Limits())
        self._updater = Updater(
            settings,
            store,
            lambda folder: Fetcher(folder, self._client, self._stopping, limits),
            pairing.trusted_keys,
            trial or _trial_of(settings),
            self._stopping,
            first_wait_s,
        )
        self._remote = Remote(
            store,
            settings.sync.allow_remote,
            [pairing.password],
            self._updater.update_now,
            self._send_lines,
        )
        self._page = PageUpdates(store, self._updater)
        self._publish: Publish | None = None
        self._started_at = utc_now()
        self._told: dict[str, bytes] = {}
        self._told_version = -1
        self._looked_mono_s = float("-inf")
        self._connected_mono_s: float | None = None

    def start(self, publish: Publish) -> None:
        """Begin; `publish` is used within the agent's turns only."""
        self._publish = publish
        self._updater.start()

    def close(self) -> None:
        """End."""
        self._updater.close()
        self._client.close()

    def subscriptions(self) -> list[str]:
        """What the device wants to hear, each time with what is retained."""
        channel = self._settings.sync.channel
        return [
            pack_release_topic("+", channel), models_release_topic(channel), self._command_topic
        ]  # fmt: skip

    def connected(self) -> None:
        """Say everything again: the broker may have forgotten it."""
        self._told.clear()
        self._told_version = -1
        self._connected_mono_s = time.monotonic()

    def take(self, message: Incoming) -> bool:
        """Whether it was for here, and then it is done. Raises MessageError and StoreError."""
        topic = message.topic
        if topic == self._command_topic:
            if message.payload:
                self._remote.take(read_json(message.payload, DeviceCommand))
            return True
        for kind, target, model in (
            ("pack", PACKS, PackRelease), ("models", MODELS, ModelsRelease)
        ):  # fmt: skip
            if topic.startswith(f"{ROOT}/{kind}/"):
                self._announced(topic, message.payload, target, model)
                return True
        return False

    def published(self, outcome: Outcome) -> None:
        """Take the broker's word on a message."""
        self._remote.published(outcome)

    def turn(self, now_mono_s: float, *, online: bool) -> None:
        """Do a little of everything. Raises StoreError, and what ended the updates."""
        if self._updater.died is not None:
            raise CounterscanError("The updates have failed.") from self._updater.died
        if now_mono_s - self._looked_mono_s < _LOOK_EVERY_S:
            return
        self._looked_mono_s = now_mono_s
        self._remote.turn()
        self._page.turn()
        if (
            online
            and self._connected_mono_s is not None
            and now_mono_s - self._connected_mono_s > _RETAINED_WITHIN_S
        ):
            self._updater.heard_all()
        version = self._store.data_version()
        if online and version != self._told_version:
            self._tell("holdings", pack_json(self._holdings()))
            self._tell("answers", pack_json(self._remote.answers()))
            self._told_version = version

    def _announced(
        self, topic: str, payload: bytes, target: str, model: type[PackRelease | ModelsRelease]
    ) -> None:
        game = "" if target == MODELS else unpart(topic.split("/")[-2])
        if not payload:
            self._updater.announced(f"{target}{game}", None)
            return
        release = read_json(payload, model)
        if isinstance(release, PackRelease) and release.game != game:
            raise MessageError(f"it announces {release.game!r}")
        parts = urlsplit(release.url)
        if parts.scheme != "https" and not self._may_be_plain and parts.hostname not in _LOCAL:
            raise MessageError("its address is not https")
        self._updater.announced(f"{target}{game}", release)

    def _tell(self, what: str, payload: bytes) -> None:
        if self._publish is not None and self._told.get(what) != payload:
            self._publish(device_topic(self._device, "up", what), payload, retain=True)
            self._told[what] = payload

    def _send_lines(self, lines: LogLines) -> int:
        assert self._publish is not None
        return self._publish(device_topic(self._device, "up", "log"), pack(lines))

    def _holdings(self) -> Holdings:
        data_dir = self._settings.data_dir
        library = Library(data_dir)
        packs = {game: library.current(game) or "" for game in library.games()}
        try:
            model_id = read_model("embedder", models_in_use(data_dir)).model_id
        except ModelError:
            model_id = ""
        events = self._store.update_events()
        # The time of the last change, so that nothing is sent where nothing has changed.
        at = max((event.created_at for event in events), default=self._started_at)
        return Holdings(
            at=at,
            packs=packs,
            models=ModelLibrary(data_dir).current() or "",
            model_id=model_id,
            updates=[
                UpdateTold(
                    target=event.target, version=event.version, kind=event.kind,
                    detail=event.detail[:LONGEST], at=event.created_at,
                )
                for event in events
            ],
        )  # fmt: skip


def _client(pairing: Pairing, limits: Limits) -> httpx.Client:
    return httpx.Client(
        verify=files_context(pairing),
        timeout=httpx.Timeout(limits.read_s, connect=limits.connect_s),
        follow_redirects=False,
    )


def _trial_of(settings: Settings) -> Trial:
    def trial(versions: Mapping[str, str], models_dir: Path | None) -> str:
        return try_out(settings, Asked(versions, models_dir))

    return trial
