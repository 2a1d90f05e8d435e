"""Answers made of cards and prices alone hold until one of these changes: kept here and outside.

The validator (ETag, RFC 9110) is made of what was asked and of the state of cards, prices and the
rates that these are converted by, so that a client that has the answer already is told so before
any work is done.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, make_response, request
from sqlalchemy import func, select

from scanner.http.describe import Description
from scanner.http.metrics import Metric, by
from sync.cloud.store import CloudStore
from sync.cloud.tables import PRICE_FEED
from sync.cloud.tables_api import CARD, PRICE_TREND
from sync.cloud.tables_sources import CURRENCY_RATE

MOST_BYTES = 32 * 1024 * 1024
LOOK_EVERY_S = 1.0
_HOUR_S = 3600

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class _Answer:
    body: bytes
    content_type: str


@dataclass(slots=True)
class KeptAnswers:
    """The last answers by their validator. Usable from several threads."""

    store: CloudStore
    look_every_s: float = LOOK_EVERY_S
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _answers: OrderedDict[str, _Answer] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _state: tuple[Any, ...] = ()
    _looked_mono_s: float = float("-inf")
    _counts: dict[str, int] = field(
        default_factory=lambda: {"not_modified": 0, "kept": 0, "made": 0}
    )

    def share(self, app: Flask) -> None:
        """Let every route of `app` whose description says so keep its answers."""
        for endpoint, view in app.view_functions.items():
            description = getattr(view, "description", None)
            if isinstance(description, Description) and description.follows_log:
                app.view_functions[endpoint] = self._kept(view)

    def metrics(self) -> list[Metric]:
        """How many answers there were of each kind."""
        with self._lock:
            counts: dict[str, float | None] = dict(self._counts)
        return [
            Metric(
                "counterscan_api_kept_answers_total",
                "counter",
                "Answers that clients had already, that were kept here, and that were made.",
                by("kind", counts),
            )
        ]

    def _kept(self, view: View) -> View:
        @wraps(view)
        def answer(**arguments: Any) -> Response:
            tag = self._tag()
            if tag in request.if_none_match:
                self._count("not_modified")
                return _stamped(Response(status=304), tag)
            with self._lock:
                found = self._answers.get(tag)
                if found is not None:
                    self._answers.move_to_end(tag)
            if found is not None:
                self._count("kept")
                return _stamped(Response(found.body, content_type=found.content_type), tag)
            self._count("made")
            response = make_response(view(**arguments))
            if response.status_code == 200:
                self._keep(tag, _Answer(response.get_data(), response.content_type or ""))
                _stamped(response, tag)
            return response

        return answer

    def _count(self, kind: str) -> None:
        with self._lock:
            self._counts[kind] += 1

    def _keep(self, tag: str, answer: _Answer) -> None:
        with self._lock:
            if tag not in self._answers:
                self._answers[tag] = answer
                self._bytes += len(answer.body)
            while self._bytes > MOST_BYTES:
                self._bytes -= len(self._answers.popitem(last=False)[1].body)

    def _tag(self) -> str:
        asked = f"{request.path}?{urlencode(sorted(request.args.items(multi=True)))}"
        digest = blake2b(digest_size=12)
        digest.update(repr((asked, self._state_now())).encode())
        return digest.hexdigest()

    def _state_now(self) -> tuple[Any, ...]:
        """What changes with cards and prices; and the hour: "the last 30 days" move on."""
        with self._lock:
            state, looked_mono_s = self._state, self._looked_mono_s
        now_mono_s = time.monotonic()
        if not state or now_mono_s - looked_mono_s >= self.look_every_s:
            newest = (
                select(func.max(column)).scalar_subquery()
                for column in (
                    PRICE_FEED.c.told, CARD.c.changed_in, PRICE_TREND.c.made_in,
                    CURRENCY_RATE.c.changed_in,
                )
            )  # fmt: skip
            with self.store.log.read() as session:
                state = tuple(session.connection().execute(select(*newest)).one())
            with self._lock:
                self._state, self._looked_mono_s = state, now_mono_s
        return (*state, int(time.time()) // _HOUR_S)


def _stamped(response: Response, tag: str) -> Response:
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
