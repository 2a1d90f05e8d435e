"""Reads uploaded pictures in a process of its own, which gives way to everything else.

So a pile of pictures never takes the feed loop's time, and a picture that brings the decoder down
takes only this process with it.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from firmware.recognition import open_packs, open_recognizer
from firmware.retry import in_use
from scanner.config import Settings
from scanner.errors import CounterscanError, PictureError
from scanner.pictures import read_picture
from scanner.pipeline import Recognizer
from scanner.price_log import LoggedPrices
from scanner.records import Identification, View
from scanner.set_limit import NO_LIMIT, SetLimit
from scanner.store import Store

START_WITHIN_S = 120.0
READ_WITHIN_S = 120.0
ENOUGH_PX = 1600
"""A phone's picture has several times the pixels that any stage looks at."""
PAGE_PX = 2400
"""Of a page with several cards each has a part of the pixels."""
_POLITE = 19
_NO_START = "The recognition of uploaded pictures does not start: look at the log."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """An answer for each card, and the key of the packs and models that they come from."""

    answers: tuple[Identification, ...]
    tried_with: str


class PictureReader(Protocol):
    """Names the cards in a picture file."""

    def read(self, path: Path, limit: SetLimit) -> Read:
        """The answers, at least one.

        Raises PictureError, and CounterscanError when nothing can be read for now.
        """

    def close(self) -> None:
        """Give everything back; the next `read` takes it anew."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why there is no answer; `of_picture` when another picture may well be read."""

    text: str
    of_picture: bool


class WorkerReader:
    """A `PictureReader` whose process is started when it is first needed. For one thread."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is started yet."""
        self._settings = settings
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def read(self, path: Path, limit: SetLimit) -> Read:
        """See `PictureReader`. A picture that ends the process, or takes too long, is refused."""
        connection = self._connection or self._start()
        try:
            connection.send((path, limit))
            if not connection.poll(READ_WITHIN_S):
                raise TimeoutError
            told = connection.recv()
        except (EOFError, OSError, TimeoutError) as error:
            self.close()
            raise PictureError(
                "can't be read: it brought the recognition down; take the picture anew"
            ) from error
        if isinstance(told, _Refusal):
            if told.of_picture:
                raise PictureError(told.text)
            self.close()
            raise CounterscanError(told.text)
        assert isinstance(told, Read)
        return told

    def close(self) -> None:
        """End the process; harmless when there is none."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.join(2.0)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process = None

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(
            target=work, args=(theirs, self._settings), name="uploads", daemon=True
        )
        starter = threading.Thread(target=_start_politely, args=(self._process,), name="polite")
        starter.start()
        starter.join()
        theirs.close()
        self._connection = ours
        if not ours.poll(START_WITHIN_S):
            self.close()
            raise CounterscanError(_NO_START)
        try:
            problem = ours.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise CounterscanError(
                "The recognition of uploaded pictures does not start."
            ) from error
        if problem:
            self.close()
            raise CounterscanError(problem)
        return ours


def _start_politely(process: BaseProcess) -> None:
    """Start the process from a thread that gives way: Linux counts niceness by thread, and what a
    thread starts is as nice, from its first import on."""
    os.nice(_POLITE)
    process.start()


def work(connection: Connection, settings: Settings) -> None:
    """The process: say that all is ready, then answer one picture after another until told to end.

    Ends when the other end is closed, which the parent's death does.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to deal with
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with Store.open(
            settings.data_dir, role="reader", price_order=settings.prices.order
        ) as store:
            _answer(connection, settings, store)
    except CounterscanError as error:
        connection.send(str(error))
    except (EOFError, OSError):
        return


def _answer(connection: Connection, settings: Settings, store: Store) -> None:
    limit = NO_LIMIT
    packs = open_packs(settings)
    prices = LoggedPrices(store, settings.decision.currency)
    recognizer = open_recognizer(settings, packs, prices, lambda: limit)
    key = in_use(packs, recognizer, settings.data_dir).key
    connection.send("")
    while True:
        path, limit = connection.recv()
        try:
            told: Read | _Refusal = Read(_answers(recognizer, path), key)
        except PictureError as error:
            told = _Refusal(str(error).removeprefix(f"{path} "), of_picture=True)
        except CounterscanError as error:
            told = _Refusal(str(error), of_picture=False)
        connection.send(told)


def _answers(recognizer: Recognizer, path: Path) -> tuple[Identification, ...]:
    """The card in the picture, or each of those on a page."""
    answer = recognizer.identify(read_picture(path, enough_px=ENOUGH_PX))
    if answer.view is not View.SEVERAL:
        return (answer,)
    return tuple(recognizer.identify_all(read_picture(path, enough_px=PAGE_PX))) or (answer,)
