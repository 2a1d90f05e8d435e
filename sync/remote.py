"""The cloud's commands to this device: kept, done at most once, answered.

A command is on disk before anything is done about it. What was kept and not answered when the
process ended is not done again: the cloud is told that it failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

from scanner.store import Store
from scanner.store_updates import Outcome
from scanner.tables import utc_now
from scanner.tables_updates import RemoteCommand
from sync.link import Outcome as Answer
from sync.link import Verdict
from sync.log_lines import fitting, last_lines
from sync.protocol_fleet import MOST_ANSWERS, CommandAnswer, CommandAnswers, DeviceCommand, LogLines
from sync.remote_plan import OF_THE_MACHINE, refusal

log = logging.getLogger(__name__)

_GRACE = timedelta(seconds=15)
_DONE = "done"


class Remote:
    """Takes commands. For one thread, the agent's."""

    def __init__(
        self, store: Store, allowed: Collection[str], secrets: Sequence[str],
        update_now: Callable[[], None], send: Callable[[LogLines], int],
    ) -> None:  # fmt: skip
        """`send` publishes log lines and returns the message's number."""
        self._store = store
        self._allowed = allowed
        self._secrets = secrets
        self._update_now = update_now
        self._send = send
        self._sent: dict[int, tuple[int, int]] = {}
        self._waiting: dict[int, RemoteCommand] = {}
        self._begun = False

    def take(self, command: DeviceCommand) -> None:
        """Keep a command and do it, or say why not. Raises StoreError: hand it in again."""
        self._begin()
        why = refusal(command, self._allowed, utc_now())
        kept = self._store.add_remote_command(
            RemoteCommand(
                name=command.id,
                kind=command.kind,
                argument=dict(command.argument),
                is_allowed=not why,
                issued_by=command.issued_by,
                issued_at=command.issued_at,
                expires_at=command.expires_at,
            ),
            why,
        )
        if kept is None or why:
            log.warning("remote command %s (%s): %s", command.kind, command.id, why or "known")
            return
        log.warning("remote command %s (%s) of %s", command.kind, command.id, command.issued_by)
        number = kept.id or 0
        if command.kind in OF_THE_MACHINE:
            self._waiting[number] = kept
        elif command.kind == "update":
            self._update_now()
            self._store.answer_remote(number, Outcome.DONE, "The cloud's packs are looked at now.")
        else:
            lines = last_lines(self._store, self._secrets)
            message, left_out = fitting(command.id, utc_now(), lines)
            self._sent[self._send(message)] = (number, left_out)

    def published(self, answer: Answer) -> None:
        """Take the broker's word on a message of log lines."""
        sent = self._sent.pop(answer.number, None)
        if sent is None:
            return
        number, left_out = sent
        if answer.verdict is Verdict.KEPT:
            more = f" {left_out} older ones did not fit into one message." if left_out else ""
            self._store.answer_remote(number, Outcome.DONE, f"The lines were sent.{more}")
        else:
            why = answer.text or "Nobody takes them: the cloud's service does not run."
            self._store.answer_remote(number, Outcome.FAILED, why)

    def turn(self) -> None:
        """Look what the feed process has answered; cheap while nothing is under way."""
        self._begin()
        if not self._waiting:
            return
        outcomes = self._store.machines_outcomes(list(self._waiting))
        now = utc_now()
        for number, command in list(self._waiting.items()):
            said = outcomes.get(number)
            if said == _DONE:
                self._store.answer_remote(number, Outcome.DONE)
            elif said is not None:
                self._store.answer_remote(number, Outcome.REFUSED, said)
            elif now > command.expires_at + _GRACE:
                why = "The machine did not take it in time: its feed process may be off."
                self._store.answer_remote(number, Outcome.REFUSED, why)
            else:
                continue
            del self._waiting[number]

    def answers(self) -> CommandAnswers:
        """The last answers, for the cloud."""
        found = [
            CommandAnswer(
                id=each.command.name, outcome=each.outcome.value, detail=each.detail[:400],
                at=each.answered_at,
            )
            for each in self._store.remote_commands(MOST_ANSWERS)
            if each.outcome is not None and each.answered_at is not None
        ]  # fmt: skip
        return CommandAnswers(answers=found)

    def _begin(self) -> None:
        """Once: see what an earlier run left."""
        if self._begun:
            return
        for command in self._store.unanswered_remote():
            number = command.id or 0
            if command.kind in OF_THE_MACHINE:
                self._waiting[number] = command
            else:
                why = "The device was restarted meanwhile."
                self._store.answer_remote(number, Outcome.FAILED, why)
        self._begun = True
