"""The waitress server, made to bear clients that open many connections or send very slowly.

One client holds a part of the connections at most, so that there are some for everybody else; and a
request whose head does not arrive in time is dropped, however busily single bytes of it come.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from scanner.http.limits import client_of

MAX_CONNECTIONS = 256
MAX_PER_CLIENT = 64
HEAD_WITHIN_S = 15.0
BODY_WITHIN_S = 300.0
LOOK_EVERY_S = 5


class Connections(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Serves a WSGI application on a bound socket, with limits for each client."""

    def __init__(
        self,
        application: Callable[..., Any],
        listener: socket.socket,
        threads: int,
        max_body: int,
        *,
        behind: str = "",
    ) -> None:
        """Take over `listener`; answer with `threads` threads, and no body above `max_body`.

        `behind` is the address of a reverse proxy that says for whom it asks; it may hold every
        connection.
        """
        self._behind = behind
        self._half_sent: dict[int, float] = {}
        adjustments = Adjustments(
            sockets=[listener],
            threads=threads,
            connection_limit=MAX_CONNECTIONS,
            max_request_body_size=max_body,
            max_request_header_size=16 * 1024,
            outbuf_high_watermark=1024 * 1024,
            channel_timeout=60,
            cleanup_interval=LOOK_EVERY_S,
            asyncore_use_poll=True,
            ident="",
            clear_untrusted_proxy_headers=True,
            **_trust(behind),
        )
        super().__init__(
            application,
            _sock=listener,
            adj=adjustments,
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )

    def accept(self) -> tuple[socket.socket, Any] | None:
        """Take the next connection; close it at once where its client has too many."""
        accepted = super().accept()
        if accepted is None:
            return None
        connection, address = accepted
        client = client_of(str(address[0]))
        held = sum(client_of(str(c.addr[0])) == client for c in [*self.active_channels.values()])
        if held >= MAX_PER_CLIENT and str(address[0]) != self._behind:
            connection.close()
            return None
        return connection, address

    def maintenance(self, now: float) -> None:
        """Close what is idle, and drop requests that take too long to arrive."""
        super().maintenance(now)
        now_mono_s = time.monotonic()
        half_sent: dict[int, float] = {}
        for channel in [*self.active_channels.values()]:
            request = channel.request
            if request is None:
                continue
            began_mono_s = self._half_sent.get(id(request), now_mono_s)
            half_sent[id(request)] = began_mono_s
            within_s = BODY_WITHIN_S if request.headers_finished else HEAD_WITHIN_S
            if now_mono_s - began_mono_s > within_s:
                channel.will_close = True
        self._half_sent = half_sent


def _trust(proxy: str) -> dict[str, Any]:
    if not proxy:
        return {}
    headers = {"x-forwarded-for", "x-forwarded-proto"}
    return {"trusted_proxy": proxy, "trusted_proxy_count": 1, "trusted_proxy_headers": headers}
