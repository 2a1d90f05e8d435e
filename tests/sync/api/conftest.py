"""A cloud's API over a database of its own, and somebody who asks it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import TypeAdapter
from werkzeug.test import TestResponse

from sync.cloud.api.accounts import Role
from sync.cloud.api.app import create_app, services
from sync.cloud.config import CloudConfig
from sync.cloud.store import CloudStore
from tests.sync.update_kit import Shop, make_shop

PASSWORD = "correct horse battery"
FILES = "https://cloud.example/files"


@dataclass
class Asker:
    """A program or a person with a credential, or without one."""

    client: FlaskClient
    secret: str = ""

    def ask(
        self, path: str, body: Any = None, method: str = "", headers: dict[str, str] | None = None
    ) -> TestResponse:
        method = method or ("GET" if body is None else "POST")
        sent = dict(headers or {})
        if self.secret:
            sent["Authorization"] = f"Bearer {self.secret}"
        return self.client.open(path, method=method, json=body, headers=sent)

    def told(self, path: str, body: Any = None, method: str = "", status: int = 200) -> Any:
        answer = self.ask(path, body, method)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json

    def with_secret(self, secret: str) -> Asker:
        return Asker(self.client, secret)


@dataclass
class Cloud:
    """The API, and its people."""

    app: Flask
    store: CloudStore

    @property
    def stranger(self) -> Asker:
        return Asker(self.app.test_client())

    def person(self, name: str = "Olga", role: Role = "owner") -> Asker:
        services(self.app).gate.accounts.add(name, role, PASSWORD)
        signed_in = self.stranger.told("/api/v1/login", {"name": name, "password": PASSWORD})
        return self.stranger.with_secret(signed_in["token"])

    def key(
        self, role: Role = "reader", per_minute: int = 60_000, per_day: int = 0
    ) -> tuple[Asker, int]:
        keys = services(self.app).gate.keys
        made, secret = keys.make("till", role, "Olga", per_minute, per_day)
        return self.stranger.with_secret(secret), made.id


@pytest.fixture
def cloud(cloud_store: CloudStore) -> Cloud:
    return Cloud(create_app(cloud_store, CloudConfig(), look_every_s=0.0), cloud_store)


@pytest.fixture
def either_api(either_cloud: CloudStore) -> Cloud:
    """On SQLite, and once more on PostgreSQL."""
    return Cloud(create_app(either_cloud, CloudConfig(), look_every_s=0.0), either_cloud)


def fits(kind: Any, told: Any, path: str) -> None:
    """An answer is of the type that the document says, to the last key."""
    understood = TypeAdapter(kind).validate_json(json.dumps(told), strict=True)
    assert _keys(TypeAdapter(kind).dump_python(understood, mode="json")) == _keys(told), path


def _keys(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _keys(value) for key, value in told.items()}
    return [_keys(value) for value in told] if isinstance(told, list) else None


def config_of(maker: Shop, url: str = FILES, **files: Any) -> CloudConfig:
    return CloudConfig.model_validate(
        {"http": {"port": 0}, "files": {"url": url, "keys": [maker.public], **files}}
    )


@pytest.fixture(scope="session")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Whoever makes packs and signs them."""
    return make_shop(tmp_path_factory.mktemp("maker"))


@pytest.fixture
def publisher(cloud_store: CloudStore, maker: Shop) -> Cloud:
    """A cloud whose API trusts the maker's key."""
    return Cloud(create_app(cloud_store, config_of(maker)), cloud_store)
