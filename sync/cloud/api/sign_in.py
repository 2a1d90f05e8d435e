"""Signing in and out, the accounts of people, the keys of programs, and who used how much."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, jsonify
from pydantic import Field
from typing_extensions import TypedDict

from scanner.http.answers import Refused
from scanner.http.describe import read_body
from sync.cloud.api.accounts import Account, Accounts, Role, TooManyFailuresError
from sync.cloud.api.asked import Asked
from sync.cloud.api.audit import noting
from sync.cloud.api.describe import describe
from sync.cloud.api.gate import Gate, asker, too_many, visitor
from sync.cloud.api.passwords import LONGEST


class SigningIn(Asked):
    """A name and its password."""

    name: str = Field(max_length=200)
    password: str = Field(max_length=LONGEST)


class NewPerson(SigningIn):
    """A person to let in."""

    role: Role = "reader"
    email: str = Field("", max_length=200)


class Changed(Asked):
    """What is to change of a person; what is left out stays."""

    role: Role | None = None
    password: str | None = Field(None, max_length=LONGEST)
    email: str | None = Field(None, max_length=200)


class OwnPassword(Asked):
    """A new password, with the present one."""

    present: str = Field(max_length=LONGEST)
    new: str = Field(max_length=LONGEST)


class TokenAnswer(TypedDict):
    """A token for the header `Authorization: Bearer …`, and when it ends."""

    token: str
    expires_at: datetime
    name: str
    role: Role


class Person(TypedDict):
    """Somebody who may sign in."""

    id: int
    name: str
    email: str
    role: Role
    created_at: datetime


class People(TypedDict):
    """Everybody who may sign in."""

    people: list[Person]


class WhoAmI(TypedDict):
    """Who asks, and how often that one may."""

    name: str
    role: Role
    is_key: bool
    per_minute: int
    per_day: int
    asked_today: int


def make(gate: Gate) -> Blueprint:
    """Return the routes."""
    door = Blueprint("sign_in", __name__)
    accounts = gate.accounts

    @door.post("/api/v1/login")
    @describe("Sign in", body=SigningIn, answer=TokenAnswer, role="anyone", refusals=(401,))
    def login() -> Response:
        asked = read_body(SigningIn)
        return _told(*_signed_in(accounts, asked.name, asked.password))

    @door.post("/api/v1/token")
    @describe("Get a fresh token before the present one ends", answer=TokenAnswer, refusals=(400,))
    def renew() -> Response:
        who = visitor()
        if who.account is None or who.claims is None:
            raise Refused(HTTPStatus.BAD_REQUEST, "A key needs no token: it does not end.")
        return _told(who.account, *accounts.renew(who.account, who.claims))

    @door.post("/api/v1/logout")
    @describe("End the token that is sent", status=204)
    def logout() -> Response:
        claims = visitor().claims
        if claims is not None:
            accounts.sign_out(claims)
        return Response(status=HTTPStatus.NO_CONTENT)

    @door.get("/api/v1/me")
    @describe("Who asks, and how often that one may", answer=WhoAmI)
    def me() -> Response:
        who = visitor()
        return jsonify(
            name=who.name, role=who.role, is_key=who.account is None, per_minute=who.per_minute,
            per_day=who.per_day, asked_today=gate.usage.today(who.who),
        )  # fmt: skip

    @door.put("/api/v1/me/password")
    @describe("Choose another password; every other token ends", body=OwnPassword,
              answer=TokenAnswer, refusals=(401,))  # fmt: skip
    def password() -> Response:
        asked, who = read_body(OwnPassword), visitor()
        if who.account is None:
            raise Refused(HTTPStatus.BAD_REQUEST, "A key has no password.")
        _signed_in(accounts, who.name, asked.present)
        accounts.change(who.account.id, password=asked.new)
        return _told(*_signed_in(accounts, who.name, asked.new))

    _people(door, accounts)
    return door


def _people(door: Blueprint, accounts: Accounts) -> None:
    @door.get("/api/v1/people")
    @describe("Everybody who may sign in", answer=People, role="owner")
    def people() -> Response:
        return jsonify(people=[_person(each) for each in accounts.all()])

    @door.post("/api/v1/people")
    @describe("Let a person in", body=NewPerson, answer=Person, status=201, role="owner",
              noted=("name", "role", "email"))  # fmt: skip
    def add() -> tuple[Response, int]:
        asked = read_body(NewPerson)
        made = accounts.add(asked.name, asked.role, asked.password, asked.email)
        return jsonify(_person(made)), HTTPStatus.CREATED

    @door.patch("/api/v1/people/<int:account_id>")
    @describe("Change a person", body=Changed, answer=Person, role="owner",
              noted=("role", "email"))  # fmt: skip
    def change(account_id: int) -> Response:
        asked = read_body(Changed)
        changed = accounts.change(
            account_id, role=asked.role, password=asked.password, email=asked.email
        )
        return jsonify(_person(changed))

    @door.delete("/api/v1/people/<int:account_id>")
    @describe("Let a person in no more, from now on", status=204, role="owner", refusals=(400,))
    def remove(account_id: int) -> Response:
        accounts.change(account_id, is_open=False)
        return Response(status=HTTPStatus.NO_CONTENT)


def _signed_in(accounts: Accounts, name: str, password: str) -> tuple[Account, str, datetime]:
    try:
        found = accounts.sign_in(name, password, asker())
    except TooManyFailuresError as error:
        raise too_many(error.wait_s, str(error)) from None
    if found is None:
        noting(name=accounts.known_name(name))
        raise Refused(HTTPStatus.UNAUTHORIZED, "The name or the password is wrong.")
    account, _, _ = found
    noting(who=f"account {account.id}", name=account.name)
    return found


def _told(account: Account, token: str, ends: datetime) -> Response:
    return jsonify(token=token, expires_at=ends, name=account.name, role=account.role)


def _person(account: Account) -> Person:
    return {
        "id": account.id, "name": account.name, "email": account.email, "role": account.role,
        "created_at": account.created_at,
    }  # fmt: skip
