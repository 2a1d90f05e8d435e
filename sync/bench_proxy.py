"""A bad network for tests and measurements: a TCP proxy that counts, cuts and refuses."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading

_CHUNK_BYTES = 65_536
_LOOK_EVERY_S = 0.05


class Proxy:
    """Forwards connections from a port of its own to another. A context manager."""

    def __init__(self, to_port: int) -> None:
        """Forward to a port of this computer."""
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.up_bytes = 0
        self.down_bytes = 0
        self._lock = threading.Lock()
        self._peers: dict[socket.socket, socket.socket] = {}
        self._downs: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._open = True
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join(5)
        self.cut()
        self._listener.close()
        self._selector.close()

    def cut(self) -> None:
        """Break every connection off, whatever is under way."""
        with self._lock:
            for one in list(self._peers):
                self._drop(one)

    def close_gate(self) -> None:
        """Break every connection off and let none in."""
        self._open = False
        self.cut()

    def open_gate(self) -> None:
        """Let connections in again."""
        self._open = True

    def _run(self) -> None:
        while not self._ended:
            for key, _ in self._selector.select(_LOOK_EVERY_S):
                with self._lock:
                    one = key.fileobj
                    if one is self._listener:
                        self._accept()
                    elif isinstance(one, socket.socket) and one in self._peers:
                        self._pump(one)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        if not self._open:
            near.close()
            return
        try:
            far = socket.create_connection(("127.0.0.1", self._to_port), 2)
        except OSError:
            near.close()
            return
        self._peers[near], self._peers[far] = far, near
        self._downs.add(far)
        for one in (near, far):
            self._selector.register(one, selectors.EVENT_READ)

    def _pump(self, one: socket.socket) -> None:
        try:
            data = one.recv(_CHUNK_BYTES)
            if data:
                if one in self._downs:
                    self.down_bytes += len(data)
                else:
                    self.up_bytes += len(data)
                self._peers[one].sendall(data)
                return
        except OSError:
            pass  # broken off: as if it had ended
        self._drop(one)

    def _drop(self, one: socket.socket) -> None:
        for end in (one, self._peers.get(one)):
            if end is None:
                continue
            self._peers.pop(end, None)
            self._downs.discard(end)
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(end)
            end.close()
