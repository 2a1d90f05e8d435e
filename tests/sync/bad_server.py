"""An HTTP server that serves one file as badly as it is told to, request after request."""

from __future__ import annotations

import re
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler", bytes, int | None], None]
"""Gets the handler, the file, and from where on the client asks for it."""


class Handler(BaseHTTPRequestHandler):
    """Asks the server's list what to do with this request."""

    protocol_version = "HTTP/1.1"
    server: BadServer

    def do_GET(self) -> None:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(found[1]) if found else None
        self.server.asked.append(start)
        answer = self.server.answers.popleft() if self.server.answers else self.server.otherwise
        with suppress(OSError):  # the client has gone, as it should
            answer(self, self.server.content, start)
        self.close_connection = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def head(self, status: int, **headers: str | int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class BadServer(ThreadingHTTPServer):
    """`answers` are used up one after another, then `otherwise`."""

    daemon_threads = True

    def __init__(self, content: bytes, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            # Whoever is refused is refused in its own thread, and the others go on.
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.content = content
        self.answers: deque[Answer] = deque()
        self.otherwise: Answer = well
        self.asked: list[int | None] = []
        self.ended = threading.Event()

    def handle_error(self, *_: object) -> None:
        """Clients that go away, or do not trust this, are what it is for."""

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.server_address[1]}/file.tar"


@contextmanager
def bad_server(content: bytes, tls: ssl.SSLContext | None = None) -> Iterator[BadServer]:
    """Run one until the block ends, over HTTPS where there is a `tls`."""
    server = BadServer(content, tls)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        thread.join(60)
        server.server_close()


def well(handler: Handler, content: bytes, start: int | None) -> None:
    """As it should be."""
    if start is None:
        handler.head(200, Content_Length=len(content))
        handler.wfile.write(content)
    else:
        end = len(content) - 1
        handler.head(
            206, Content_Length=len(content) - start,
            Content_Range=f"bytes {start}-{end}/{len(content)}",
        )  # fmt: skip
        handler.wfile.write(content[start:])


def cut_after(more: int) -> Answer:
    """Break off after so many further bytes."""

    def answer(handler: Handler, content: bytes, start: int | None) -> None:
        well_begun = content[: (start or 0) + more]
        if start is None:
            handler.head(200, Content_Length=len(content))
        else:
            handler.head(
                206, Content_Length=len(content) - start,
                Content_Range=f"bytes {start}-{len(content) - 1}/{len(content)}",
            )  # fmt: skip
        handler.wfile.write(well_begun[start or 0 :])

    return answer


def no_ranges(then: Answer) -> Answer:
    """Know nothing of ranges."""

    def answer(handler: Handler, content: bytes, _start: int | None) -> None:
        then(handler, content, None)

    return answer


def status(code: int, **headers: str | int) -> Answer:
    """Answer with a status and nothing else."""

    def answer(handler: Handler, _content: bytes, _start: int | None) -> None:
        handler.head(code, Content_Length=0, **headers)

    return answer


def other_length(length: int) -> Answer:
    """Promise another length."""

    def answer(handler: Handler, content: bytes, _start: int | None) -> None:
        handler.head(200, Content_Length=length)
        handler.wfile.write(content)

    return answer


def wrong_bytes(handler: Handler, content: bytes, start: int | None) -> None:
    """The right length, other bytes."""
    well(handler, bytes(len(content)), start)


def wrong_range(handler: Handler, content: bytes, _start: int | None) -> None:
    """Another part than was asked for."""
    handler.head(
        206, Content_Length=len(content), Content_Range=f"bytes 0-{len(content) - 1}/{len(content)}"
    )
    handler.wfile.write(content)


def endless(handler: Handler, _content: bytes, _start: int | None) -> None:
    """Never stop."""
    handler.head(200)
    while not handler.server.ended.is_set():
        handler.wfile.write(bytes(65536))


def dripping(handler: Handler, content: bytes, _start: int | None) -> None:
    """A byte now and then."""
    handler.head(200, Content_Length=len(content))
    for at in range(len(content)):
        handler.wfile.write(content[at : at + 1])
        handler.wfile.flush()
        if handler.server.ended.wait(0.05):
            return


def silent(handler: Handler, _content: bytes, _start: int | None) -> None:
    """Say nothing at all."""
    handler.server.ended.wait(60)


def hanging_after(more: int) -> Answer:
    """Begin well, then say nothing more."""

    def answer(handler: Handler, content: bytes, start: int | None) -> None:
        cut_after(more)(handler, content, start)
        handler.wfile.flush()
        handler.server.ended.wait(60)

    return answer
