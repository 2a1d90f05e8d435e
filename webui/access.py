"""Who may use the page: people with a role, the browsers they signed in with, programs' keys.

What the book holds is kept in memory too, so that a request costs no look at the disk: the web
process is the only one that changes it. A token is a random number that only its owner has; the
book knows its SHA-256, which is enough for numbers that nobody can guess. Passwords are hashed with
scrypt, slowly on purpose.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from werkzeug.security import check_password_hash, generate_password_hash

from scanner.errors import UsageError
from scanner.tables import utc_now
from webui.book import Book
from webui.book_tables import Person, Token, TokenEnd

Role = Literal["counter", "manager"]

ROLES: tuple[Role, ...] = ("counter", "manager")
SESSION, KEY = "session", "key"
SESSION_LASTS = timedelta(days=90)
KEY_PREFIX = "cs_"
MIN_PASSWORD, MAX_PASSWORD, MAX_NAME = 8, 200, 40
_NOBODY = generate_password_hash(secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks. `how` is `session`, `key`, `link` or `open`; `token_id` 0 where there is none."""

    name: str
    role: Role
    how: str
    token_id: int = 0

    def may(self, role: Role) -> bool:
        """Tell whether this visitor has at least that role."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True, slots=True)
class Way:
    """One browser or key that is let in."""

    id: int
    name: str
    role: Role
    label: str
    since: datetime


class Access:
    """The people and their ways in. Usable from several threads."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._lock = threading.RLock()
        self._people: dict[str, Person] = {}
        for person in book.people():
            self._take(person)
        self._tokens = {token.token_hash: token for token in book.tokens()}

    # People

    def is_paired(self) -> bool:
        """Tell whether a manager exists, who can let others in."""
        return any(person.role == "manager" for person in self._people.values())

    def people(self) -> list[tuple[str, Role]]:
        """Return names and roles, by name."""
        with self._lock:
            found = [(person.name, _role(person.role)) for person in self._people.values()]
        return sorted(found, key=lambda entry: entry[0].casefold())

    def set_person(self, name: str, role: Role, password: str | None) -> None:
        """Add a person, or change one; `password` None keeps the present one.

        A new password ends the person's sessions, so that a lost one is worth nothing.

        Raises:
            UsageError: the name or password does not fit, or no manager would be left.
        """
        name = checked_name(name)
        with self._lock:
            known = self._people.get(name.casefold())
            if known is None and password is None:
                raise UsageError("Give the new person a password.")
            self._keep_a_manager(name, role)
            hashed = known.password_hash if known else ""
            if password is not None:
                hashed = generate_password_hash(checked_password(password))
            person = Person(name=known.name if known else name, role=role, password_hash=hashed)
            ended = self._sessions_of(name) if password is not None else []
            self._book.add(person, *(TokenEnd(token_id=token.id or 0) for token in ended))
            self._take(person)
            self._forget(ended)

    def remove_person(self, name: str) -> None:
        """Let the person in no more, nor any browser of theirs.

        Raises:
            UsageError: there is no such person, or no manager would be left.
        """
        with self._lock:
            known = self._people.get(name.casefold())
            if known is None:
                raise UsageError("There is no such person any more; reload the page.")
            self._keep_a_manager(name, "")
            ended = self._sessions_of(name)
            gone = Person(name=known.name, role="", password_hash="")
            self._book.add(gone, *(TokenEnd(token_id=token.id or 0) for token in ended))
            self._take(gone)
            self._forget(ended)

    def knows(self, name: str, password: str) -> str | None:
        """Return the person's name if the password is right; takes as long where it is not."""
        with self._lock:
            person = self._people.get(name.strip().casefold())
        right = check_password_hash(person.password_hash if person else _NOBODY, password)
        return person.name if person is not None and right else None

    # Ways in

    def sign_in(self, name: str, label: str) -> str:
        """Return a new session's token for a person who has shown who they are."""
        return self._new_token(Token(kind=SESSION, name=name, label=label, token_hash=""), "")

    def new_key(self, by: str, label: str, role: Role) -> str:
        """Return a new key for a program; it is shown this once."""
        label = " ".join(label.split())
        if not label or len(label) > MAX_NAME or not label.isprintable():
            raise UsageError(f"Give the key a name of 1 to {MAX_NAME} letters.")
        key = Token(kind=KEY, name=by, role=role, label=label, token_hash="")
        return self._new_token(key, KEY_PREFIX)

    def visitor_of(self, kind: str, token: str) -> Visitor | None:
        """Return who a session's or a key's token stands for, None where it lets nobody in."""
        with self._lock:
            known = self._tokens.get(_hash(token))
            if known is None or known.kind != kind or known.id is None:
                return None
            if kind == KEY:
                return Visitor(known.label, _role(known.role), KEY, known.id)
            person = self._people.get(known.name.casefold())
            if person is None or utc_now() - known.created_at > SESSION_LASTS:
                return None
            return Visitor(person.name, _role(person.role), SESSION, known.id)

    def is_open(self, token_id: int) -> bool:
        """Tell whether a token that let somebody in still does; one without an id always does."""
        with self._lock:
            return not token_id or any(token.id == token_id for token in self._tokens.values())

    def ways(self, kind: str) -> list[Way]:
        """Return the browsers or the keys that are let in, newest first."""
        with self._lock:
            tokens = [token for token in self._tokens.values() if token.kind == kind]
        found = []
        for token in tokens:
            person = self._people.get(token.name.casefold())
            role = token.role if kind == KEY else person.role if person else ""
            if role and (kind == KEY or utc_now() - token.created_at <= SESSION_LASTS):
                found.append(
                    Way(token.id or 0, token.name, _role(role), token.label, token.created_at)
                )
        return sorted(found, key=lambda way: -way.id)

    def end(self, token_id: int) -> None:
        """Let this browser or key in no more.

        Raises:
            UsageError: it was ended already.
        """
        with self._lock:
            ended = [token for token in self._tokens.values() if token.id == token_id]
            if not ended:
                raise UsageError("That one was ended already; reload the page.")
            self._book.add(TokenEnd(token_id=token_id))
            self._forget(ended)

    def _new_token(self, row: Token, prefix: str) -> str:
        token = prefix + secrets.token_urlsafe(32)
        row.token_hash = _hash(token)
        with self._lock:
            self._book.add(row)
            self._tokens[row.token_hash] = row
        return token

    def _sessions_of(self, name: str) -> list[Token]:
        return [
            token
            for token in self._tokens.values()
            if token.kind == SESSION and token.name.casefold() == name.casefold()
        ]

    def _forget(self, tokens: list[Token]) -> None:
        for token in tokens:
            self._tokens.pop(token.token_hash, None)

    def _take(self, person: Person) -> None:
        if person.role in ROLES:
            self._people[person.name.casefold()] = person
        else:
            self._people.pop(person.name.casefold(), None)

    def _keep_a_manager(self, name: str, role: str) -> None:
        others = any(
            person.role == "manager" and person.name.casefold() != name.casefold()
            for person in self._people.values()
        )
        if role != "manager" and not others and self.is_paired():
            raise UsageError("One manager must stay. Make somebody else a manager first.")


def _role(role: str) -> Role:
    return "manager" if role == "manager" else "counter"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def checked_name(name: str) -> str:
    """Return a person's name in its usual form; raise UsageError where it is none."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise UsageError(f"Give a name of 1 to {MAX_NAME} letters.")
    return name


def checked_password(password: str) -> str:
    """Return the password; raise UsageError where it is too short or too long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise UsageError(f"Choose a password of at least {MIN_PASSWORD} letters or digits.")
    return password
