"""Answers that many clients ask for at once are worked out once, so that cards go first.

An answer is shared only while it is what the route would say anew: nothing was committed to the log
since, and the preview is the same. What else it may depend on is looked at again after a second.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import Flask, Response, make_response, request

from scanner.errors import StoreError
from scanner.http.describe import Description
from webui.log_view import LogView

MAX_ANSWERS = 64
LASTS_S = 1.0

View = Callable[..., Any]


@dataclass(slots=True)
class _Answer:
    """One route's last answer, and when the look at the log began that it is made of."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    stamp: Hashable = None
    began_mono_s: float = float("-inf")
    body: bytes = b""
    content_type: str = ""


class SharedAnswers:
    """Keeps the last answers by path and query. Usable from several threads."""

    def __init__(self, view: LogView) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, _Answer] = OrderedDict()

    def share(self, app: Flask) -> None:
        """Let every route of `app` whose description says `follows_log` share its answers."""
        for endpoint, view in app.view_functions.items():
            description = getattr(view, "description", None)
            if isinstance(description, Description) and description.follows_log:
                app.view_functions[endpoint] = self._shared(view)

    def _shared(self, view: View) -> View:
        @wraps(view)
        def answer(**arguments: Any) -> Response:
            if request.method != "GET":
                return make_response(view(**arguments))
            arrived_mono_s, stamp = time.monotonic(), self._stamp()
            kept = self._kept(request.full_path)
            with kept.lock:
                began_mono_s = time.monotonic()
                is_same = stamp is not None and kept.stamp == stamp
                is_young = began_mono_s - kept.began_mono_s < LASTS_S
                if kept.began_mono_s >= arrived_mono_s or (is_same and is_young):
                    return Response(kept.body, content_type=kept.content_type)
                # Looked at before the work: what is committed meanwhile is not in the answer.
                stamp = self._stamp()
                response = make_response(view(**arguments))
                if response.status_code == 200 and not response.is_streamed:
                    kept.stamp, kept.began_mono_s = stamp, began_mono_s
                    kept.body = response.get_data()
                    kept.content_type = response.content_type or ""
                return response

        return answer

    def _kept(self, path: str) -> _Answer:
        with self._lock:
            kept = self._answers.setdefault(path, _Answer())
            self._answers.move_to_end(path)
            if len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)
            return kept

    def _stamp(self) -> Hashable:
        """What the log and the preview are now; None without a log, which nobody shares."""
        preview = self._view.files.read()
        try:
            version = self._view.store().data_version()
        except StoreError:
            return None
        return version, preview.sequence, preview.fresh, preview.state, preview.view
