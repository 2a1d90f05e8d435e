"""Sends what is queued: a thread of `cloud serve`. One slow receiver holds up no other."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Self

from scanner.errors import CounterscanError
from scanner.logs import fields
from sync.cloud.api import mail
from sync.cloud.api.deliveries import DEAD, EMAIL, Deliveries, Due
from sync.cloud.api.outcome import Outcome
from sync.cloud.api.webhooks import Webhooks
from sync.cloud.config import CloudConfig
from sync.cloud.store import CloudStore

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
WEBHOOK_KEY = "webhook_key"
_PATIENCE_S = 5.0


def webhooks_of(store: CloudStore, config: CloudConfig) -> Webhooks:
    """The receivers of a cloud. Raises ConfigError where the file of the key is wrong."""
    file = store.data_dir / (config.webhooks.secret_key or WEBHOOK_KEY)
    return Webhooks(store, file, config.webhooks.private_addresses)


class Deliverer:
    """A context manager: sends until the block ends."""

    def __init__(
        self, store: CloudStore, config: CloudConfig, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        """Prepare it. Raises ConfigError where the file of the key is wrong."""
        self._config = config
        self._deliveries = Deliveries(store)
        self._webhooks = webhooks_of(store, config)
        self._look_every_s = look_every_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deliveries")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(60)
        if self._thread.is_alive():
            log.error("a message is still under way; it is sent again later")

    def step(self) -> int:
        """Queue what is new and send what is due; how many tries. Raises StoreError."""
        if not self._deliveries.has_work():
            return 0
        self._deliveries.queue_new(bool(self._config.mail.host))
        due = self._deliveries.take_due()
        if due:
            asyncio.run(self._send_all(due))
        return len(due)

    async def _send_all(self, due: list[Due]) -> None:
        await asyncio.gather(*(self._send(each) for each in due))

    async def _send(self, due: Due) -> None:
        try:
            outcome = await self._tried(due)
        except CounterscanError:
            raise
        except Exception as error:  # a defect that one message meets must not end the others
            log.exception("message %d to %s", due.id, _whom(due))
            outcome = Outcome(problem=f"It can't be sent: {type(error).__name__}.")
        self._note(due, outcome)

    async def _tried(self, due: Due) -> Outcome:
        if due.channel == EMAIL:
            return await asyncio.to_thread(mail.send, self._config.mail, due.target, due.alerts)
        return await self._webhooks.send(int(due.target), due.id, due.body())

    def _note(self, due: Due, outcome: Outcome) -> None:
        state = self._deliveries.note(due, outcome)
        level, said = logging.INFO, f"{len(due.alerts)} alerts sent"
        if outcome.problem:
            level = logging.ERROR if state == DEAD else logging.WARNING
            said = _hushed(due, outcome.problem)
        log.log(
            level, "message %d to %s, try %d: %s", due.id, _whom(due), due.tries, said,
            extra=fields(
                delivery=due.id, channel=due.channel, alerts=len(due.alerts), tries=due.tries,
                state=state,
            ),
        )  # fmt: skip

    def _run(self) -> None:
        wait_s = self._look_every_s
        while not self._ending.wait(wait_s):
            wait_s = self._look_every_s
            try:
                self.step()
            except CounterscanError as error:
                log.error("messages wait: %s", error)
                wait_s = _PATIENCE_S


def _whom(due: Due) -> str:
    """The receiver as the log names it."""
    return _hushed(due, f"{due.channel} {due.target}")


def _hushed(due: Due, text: str) -> str:
    """A text without a person's whole address, which is nobody's business in a log."""
    if due.channel != EMAIL:
        return text
    name, _, domain = due.target.rpartition("@")
    return text.replace(due.target, f"{name[:1]}…@{domain}")
