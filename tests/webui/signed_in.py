"""Clients of a page that asks for a login: the device's console, a person's browser, a program."""

from __future__ import annotations

import http.client
import http.cookies
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.webui.served import PageProcess

PASSWORD = "correct horse 7"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return str(self.json["error"])


class Client:
    """One browser without a screen: keeps cookies, sends the token with what it changes."""

    def __init__(self, server: PageProcess, key: str = "") -> None:
        self.server = server
        self.cookies: dict[str, str] = {}
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, None, **headers)

    def post(self, path: str, fields: object = None, **headers: str) -> Answer:
        return self.change("POST", path, fields, **headers)

    def change(self, method: str, path: str, fields: object = None, **headers: str) -> Answer:
        """Send JSON as the page's own scripts do."""
        body = json.dumps({} if fields is None else fields)
        token = {"X_CSRF_Token": self.csrf()} if not self._headers else {}
        kind = {"Content_Type": "application/json"}
        return self.send(method, path, body, **(kind | token | headers))

    def form(self, path: str, **fields: str) -> Answer:
        """Send a form as a browser does."""
        body = urlencode({"csrf_token": self.csrf(), **fields})
        return self.send("POST", path, body, Content_Type="application/x-www-form-urlencoded")

    def csrf(self) -> str:
        for page in ("/login", "/pair"):  # one of them leads to the other
            if "counterscan_csrf" not in self.cookies:
                self.get(page, Accept="text/html")
        return self.cookies.get("counterscan_csrf", "")

    def send(self, method: str, path: str, body: str | None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items() if value}
        if self.cookies:
            named["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body, self._headers | named)
        answer = connection.getresponse()
        kept = Answer(answer.status, answer.headers, answer.read())
        connection.close()
        for line in answer.headers.get_all("Set-Cookie") or ():
            for name, morsel in http.cookies.SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if not morsel.value:
                    del self.cookies[name]
        return kept


def shown_code(server: PageProcess) -> str:
    """Read the code from the console, as a person beside the scanner does."""
    found = re.search(r"this code: (\d{3} \d{3})", server.next_line())
    assert found
    return found[1]


def paired(data_dir: Path) -> tuple[PageProcess, Client]:
    """Start a page that asks for a login, and pair a manager named Ada with it."""
    server = PageProcess(data_dir, login=True)
    ada = Client(server)
    answer = ada.form("/pair", code=shown_code(server), name="Ada", password=PASSWORD)
    assert answer.status == 303, answer.body
    return server, ada


def signed_in(server: PageProcess, name: str, password: str = PASSWORD) -> Client:
    """A browser of its own, signed in."""
    client = Client(server)
    assert client.form("/login", name=name, password=password).status == 303
    return client
