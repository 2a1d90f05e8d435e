"""Receivers of messages on this machine that misbehave on request: a mail server, and webhooks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Self


class Listening:
    """A server that hands each connection to a function, in a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ended = threading.Event()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for each in self._open:
            each.close()
        self._thread.join(20)
        self._listener.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            self._serve(connection)
        except OSError:
            pass
        finally:
            connection.close()


class Hook(Listening):
    """Takes webhooks; answers what `answers` says, one after another, the last for ever."""

    def __init__(self, *answers: str) -> None:
        super().__init__(self._take)
        self.answers = list(answers or ("200 OK",))
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.port}/hook?shop=1"

    def _take(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            stream.readline()
            headers = {}
            while line := stream.readline().strip().decode():
                name, _, value = line.partition(": ")
                headers[name.lower()] = value
            body = stream.read(int(headers["content-length"]))
        self.taken.append((headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "cut":
            return
        if answer == "never":
            threading.Event().wait(120)
        connection.sendall(answer.encode() if "\r\n" in answer else said(answer))


def said(status: str, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class MailServer(Listening):
    """Speaks enough SMTP (RFC 5321) to take messages; `answers` replace its own by command."""

    def __init__(self, **answers: str) -> None:
        super().__init__(self._talk)
        self.answers = answers
        self.taken: list[tuple[str, str]] = []

    def _talk(self, connection: socket.socket) -> None:
        connection.sendall(self._answer_to("greeting", "220 here"))
        to = ""
        with connection.makefile("rb") as stream:
            while line := stream.readline():
                words = line.decode().strip()
                command = words.partition(" ")[0].lower()
                if command == "rcpt":
                    to = words.partition("<")[2].rstrip(">")
                if command == "data" and "data" not in self.answers:
                    connection.sendall(b"354 go on\r\n")
                    lines = iter(stream.readline, b".\r\n")
                    self.taken.append((to, b"".join(lines).decode()))
                    connection.sendall(b"250 kept\r\n")
                    continue
                if self.answers.get(command) == "cut":
                    return
                connection.sendall(self._answer_to(command, "250 fine"))

    def _answer_to(self, command: str, usual: str) -> bytes:
        return f"{self.answers.get(command, usual)}\r\n".encode()
