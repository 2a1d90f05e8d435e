"""A web server that tells what a test gives it, and misbehaves where a test says so; it counts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Behaviour = Callable[[BaseHTTPRequestHandler], None]


class FakeClock:
    """Real time, but nobody waits: a wait puts the clock forward."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead_s = 0.0
        self._began_mono_s = monotonic()
        self._began = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
        self.waits: list[float] = []

    def mono_s(self) -> float:
        return monotonic() + self._ahead_s

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self.mono_s() - self._began_mono_s)

    def wait(self, seconds: float) -> None:
        with self._lock:
            self.waits.append(seconds)
            self._ahead_s += seconds


class Web:
    """Behaviours by path; `"*"` stands for all others. A list of behaviours is used up in turn."""

    def __init__(self) -> None:
        self.routes: dict[str, Behaviour | list[Behaviour]] = {}
        self.requests: list[tuple[str, str, dict[str, str], str]] = []
        self.ended = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                outer.answer(self)

            do_POST = do_GET  # noqa: N815

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that gave up is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}
        )
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(30)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length).decode()
        self.requests.append((handler.command, handler.path, dict(handler.headers), body))
        behaviour = self.routes.get(parts.path, self.routes.get("*", status(404)))
        if isinstance(behaviour, list):
            behaviour = behaviour.pop(0) if len(behaviour) > 1 else behaviour[0]
        try:
            behaviour(handler)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True

    def paths(self) -> list[str]:
        return [urlsplit(path).path for _, path, _, _ in self.requests]

    def query(self, at: int = -1) -> dict[str, str]:
        found = parse_qs(urlsplit(self.requests[at][1]).query)
        return {key: values[0] for key, values in found.items()}


def raw(body: bytes, code: int = 200, length: int | None = None, **headers: str) -> Behaviour:
    """A body as it is; `length` says another length than it has."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)
        if length is not None:
            handler.close_connection = True

    return answer


def told(value: Any, **headers: str) -> Behaviour:
    return raw(json.dumps(value).encode(), **headers)


def status(code: int, **headers: str) -> Behaviour:
    return raw(b"{}", code, **headers)


def validated(value: Any, etag: str) -> Behaviour:
    """Says 304 to whoever has it already."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            raw(b"", 304, ETag=etag)(handler)
        else:
            told(value, ETag=etag)(handler)

    return answer


def endless(ended: threading.Event) -> Behaviour:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not ended.is_set():
            handler.wfile.write(b'{"a": "' + b"x" * 65536)
        handler.close_connection = True

    return answer


def silent(ended: threading.Event) -> Behaviour:
    """Takes the request and says nothing."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        ended.wait(60)
        handler.close_connection = True

    return answer
