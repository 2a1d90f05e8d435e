"""People who may use the cloud, and how they sign in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from scanner.errors import UsageError
from scanner.tables import utc_now
from sync.cloud.api.passwords import checked_password, hashed, is_right
from sync.cloud.api.tokens import Claims, TokenKeys
from sync.cloud.store import CloudStore
from sync.cloud.tables import hold, insert_new
from sync.cloud.tables_api import ACCOUNT, LOGIN_FAILURE, TOKEN_END

Role = Literal["reader", "manager", "owner"]
ROLES: tuple[Role, ...] = ("reader", "manager", "owner")
LONGEST_NAME, LONGEST_EMAIL = 60, 200
# A dot-atom and a host (RFC 5322, RFC 1123); no "=?", which mail programs read as written in code.
_EMAIL = re.compile(
    r"(?!.*=\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
)
FAILURES_WITHIN = timedelta(minutes=10)
SignedIn = tuple["Account", str, datetime]
MOST_OF_A_CLIENT, MOST_OF_A_NAME = 10, 50
"""Wrong passwords within that time: from one address, and for one name from anywhere."""


@dataclass(frozen=True, slots=True)
class Account:
    """One person, without anything secret."""

    id: int
    name: str
    email: str
    role: Role
    created_at: datetime


class TooManyFailuresError(UsageError):
    """Somebody guesses; `wait_s` says when a try is taken again."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("Too many wrong passwords. Wait a few minutes, then try again.")
        self.wait_s = wait_s


class Accounts:
    """The people in the database. Usable from several threads and processes."""

    def __init__(self, store: CloudStore, keys: TokenKeys) -> None:
        self._store = store
        self._keys = keys

    def all(self) -> list[Account]:
        """Return everybody, by name."""
        with self._store.log.read() as session:
            rows = session.connection().execute(
                select(ACCOUNT).where(ACCOUNT.c.is_open).order_by(ACCOUNT.c.folded)
            )
            return [_account(row) for row in rows]

    def add(self, name: str, role: Role, password: str, email: str = "") -> Account:
        """Let a person in.

        Raises:
            UsageError: name, e-mail or password do not fit, or the name is taken.
        """
        name, email = checked_name(name), checked_email(email)
        row = {
            "name": name, "folded": name.casefold(), "email": email, "role": role,
            "password_hash": hashed(checked_password(password)), "generation": 1, "is_open": True,
            "created_at": utc_now(),
        }  # fmt: skip
        with self._store.log.write() as session:
            connection = session.connection()
            hold(connection, "account")
            known = _by_name(connection, name)
            if known is not None and known.is_open:
                raise UsageError(f"There is a {name} already; choose another name.")
            if known is None:
                connection.execute(insert(ACCOUNT).values(row))
            else:  # who comes back holds no token of old
                row["generation"] = known.generation + 1
                connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == known.id).values(row))
            return _account(_by_name(connection, name))

    def change(
        self,
        account_id: int,
        *,
        role: Role | None = None,
        password: str | None = None,
        email: str | None = None,
        is_open: bool = True,
    ) -> Account:
        """Change a person; None leaves as it is. Another role or password ends the tokens.

        Raises:
            UsageError: there is no such person, something does not fit, or no owner would be left.
        """
        values: dict[str, Any] = {}
        if role is not None:
            values["role"] = role
        if password is not None:
            values["password_hash"] = hashed(checked_password(password))
        if email is not None:
            values["email"] = checked_email(email)
        if not is_open:
            values["is_open"] = False
        with self._store.log.write() as session:
            connection = session.connection()
            hold(connection, "account")
            known = connection.execute(
                select(ACCOUNT).where(ACCOUNT.c.id == account_id, ACCOUNT.c.is_open)
            ).first()
            if known is None:
                raise UsageError("There is no such person any more.")
            if known.role == "owner" and (not is_open or role not in (None, "owner")):
                _keep_an_owner(connection, account_id)
            if set(values) - {"email"}:
                values["generation"] = known.generation + 1
            if values:
                connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account_id).values(values))
            return _account(_by_name(connection, known.name))

    def sign_in(self, name: str, password: str, client: str) -> SignedIn | None:
        """Return who it is, a token and its end; None for a wrong name or password.

        Raises:
            TooManyFailuresError: before anything is looked at.
        """
        folded = " ".join(name.split()).casefold()[:LONGEST_NAME]
        with self._store.log.write() as session:
            connection = session.connection()
            hold(connection, "sign in", client)
            _refuse_guessing(connection, folded, client)
            # Counted before it is checked: many at once shall not slip through together.
            failure = connection.execute(
                insert(LOGIN_FAILURE)
                .values(name=folded, client=client, failed_at=utc_now())
                .returning(LOGIN_FAILURE.c.id)
            ).scalar_one()
            known = _by_name(connection, folded)
        right = is_right(known.password_hash if known and known.is_open else None, password)
        if known is None or not right:
            return None
        with self._store.log.write() as session:
            session.connection().execute(delete(LOGIN_FAILURE).where(LOGIN_FAILURE.c.id == failure))
        token, ends = self._keys.sign(known.id, known.generation)
        return _account(known), token, ends

    def known_name(self, name: str) -> str:
        """The name as it is kept; "" where nobody has it: what was typed may be a password."""
        folded = " ".join(name.split()).casefold()[:LONGEST_NAME]
        with self._store.log.read() as session:
            known = _by_name(session.connection(), folded)
        return "" if known is None else str(known.name)

    def of_token(self, token: str) -> tuple[Account, Claims] | None:
        """Return who holds a token; None where it is forged, too old, signed out or ended."""
        claims = self._keys.read(token)
        if claims is None:
            return None
        with self._store.log.read() as session:
            row = (
                session.connection()
                .execute(
                    select(ACCOUNT, TOKEN_END.c.token)
                    .outerjoin(TOKEN_END, TOKEN_END.c.token == claims.token_id)
                    .where(ACCOUNT.c.id == claims.account_id)
                )
                .first()
            )
        if row is None or not row.is_open or row.token or row.generation != claims.generation:
            return None
        return _account(row), claims

    def renew(self, account: Account, claims: Claims) -> tuple[str, datetime]:
        """Return a new token for who holds one."""
        return self._keys.sign(account.id, claims.generation)

    def sign_out(self, claims: Claims) -> None:
        """End one token before its time; those past theirs are forgotten."""
        with self._store.log.write() as session:
            connection = session.connection()
            connection.execute(delete(TOKEN_END).where(TOKEN_END.c.expires_at < utc_now()))
            end = {"token": claims.token_id, "expires_at": claims.expires_at}
            insert_new(connection, TOKEN_END, [end])


def checked_name(name: str) -> str:
    """Return a person's name in its usual form; raise UsageError where it is none."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(f"Give a name of 1 to {LONGEST_NAME} letters.")
    return name


def checked_email(email: str) -> str:
    """Return an e-mail address; raise UsageError where it can be none."""
    email = email.strip()
    if email and (not _EMAIL.fullmatch(email) or len(email) > LONGEST_EMAIL):
        raise UsageError("This is no e-mail address: write it like anna@example.com.")
    return email


def _by_name(connection: Connection, name: str) -> Any:
    query = select(ACCOUNT).where(ACCOUNT.c.folded == name.casefold())
    return connection.execute(query).first()


def _account(row: Any) -> Account:
    return Account(row.id, row.name, row.email, row.role, row.created_at)


def _keep_an_owner(connection: Connection, account_id: int) -> None:
    others = connection.execute(
        select(func.count()).where(
            ACCOUNT.c.role == "owner", ACCOUNT.c.is_open, ACCOUNT.c.id != account_id
        )
    ).scalar_one()
    if not others:
        raise UsageError("One owner must stay. Make somebody else an owner first.")


def _refuse_guessing(connection: Connection, name: str, client: str) -> None:
    now = utc_now()
    connection.execute(
        delete(LOGIN_FAILURE).where(LOGIN_FAILURE.c.failed_at < now - FAILURES_WITHIN)
    )
    for column, value, most in (
        (LOGIN_FAILURE.c.client, client, MOST_OF_A_CLIENT),
        (LOGIN_FAILURE.c.name, name, MOST_OF_A_NAME),
    ):
        times = connection.execute(
            select(LOGIN_FAILURE.c.failed_at)
            .where(column == value)
            .order_by(LOGIN_FAILURE.c.failed_at.desc())
            .limit(most)
        ).scalars().all()  # fmt: skip
        if len(times) == most:
            raise TooManyFailuresError((times[-1] + FAILURES_WITHIN - now).total_seconds())
