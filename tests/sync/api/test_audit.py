"""Whatever anybody changes over the API is one row: who, from where, what, what came of it."""

from __future__ import annotations

import io
import json
import os
import pwd
import re
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from scanner.cli import main
from scanner.errors import StoreError
from scanner.http.answers import UNSAFE
from scanner.http.openapi import described_routes
from scanner.tables import utc_now
from sync.cloud.api.app import create_app, services
from sync.cloud.api.audit import Trail
from sync.cloud.api.audit_routes import AuditRows
from sync.cloud.api.keys import PREFIX
from sync.cloud.clean_up import AUDIT_FOR, clean_up
from sync.cloud.config import CloudConfig
from sync.cloud.jobs import JobContext
from sync.cloud.moving import compared, contents_of, export, import_all
from sync.cloud.store import CloudStore
from sync.cloud.tables_audit import API_AUDIT
from sync.protocol import DeviceState
from tests.sync.api.conftest import PASSWORD, Asker, Cloud, fits
from tests.sync.conftest import DEVICE

NOT_NOTED = {"PUT /api/v1/uploads/<upload_id>"}
"""A part of an upload: beginning and publishing it are noted."""


def rows(cloud: Cloud) -> list[Any]:
    """Every row, oldest first."""
    with cloud.store.log.read() as session:
        return [*session.connection().execute(select(API_AUDIT).order_by(API_AUDIT.c.id))]


def told(asker: Asker, query: str = "") -> list[dict[str, Any]]:
    return list(asker.told(f"/api/v1/audit{query}")["rows"])


def test_every_route_that_changes_something_leaves_one_row(cloud: Cloud) -> None:
    """Also one that is added tomorrow: only those named here may leave none."""
    changing = [
        (rule.rule, method, found)
        for rule, method, found in described_routes(cloud.app)
        if method in UNSAFE
    ]
    assert len(changing) >= 20
    silent = set()
    for number, (rule, method, found) in enumerate(changing):
        assert found is not None, rule
        owner = cloud.person(f"Owner {number}")  # a route may end the token that asks it
        before = len(rows(cloud))
        path = re.sub(r"<(?:int:)?\w+>", "77", rule)
        answer = owner.ask(path, {"name": "x", "password": "y", "code": "z"}, method)
        new = rows(cloud)[before:]
        if not new:
            silent.add(f"{method} {rule}")
            continue
        [row] = new
        assert row.status == answer.status_code, rule
        assert row.outcome == ("done" if answer.status_code < 400 else "refused"), rule
        assert (row.name, row.address) == (f"Owner {number}", "127.0.0.1"), rule
        assert row.who.startswith("account "), rule
    assert silent == NOT_NOTED


def test_who_what_where_and_what_came_of_it_is_told(either_api: Cloud) -> None:
    either_api.store.take_states({DEVICE: DeviceState(online=True)})
    owner = either_api.person()
    made = owner.told("/api/v1/keys", {"label": "Till", "role": "manager"}, status=201)
    till = owner.with_secret(made["secret"])
    command = till.told(f"/api/v1/devices/{DEVICE}/commands", {"command": "pause"}, status=202)
    assert till.ask("/api/v1/keys", {"label": "More"}).status_code == 403
    assert owner.ask("/api/v1/keys/99", method="DELETE").status_code == 400
    assert owner.ask(f"/api/v1/keys/{made['id']}", method="DELETE").status_code == 204
    whole = owner.told("/api/v1/audit")
    fits(AuditRows, whole, "audit")
    newest_last = whole["rows"][::-1]
    assert [(row["name"], row["what"], row["target"], row["outcome"]) for row in newest_last] == [
        ("Olga", "sign_in.login", "", "done"),
        ("Olga", "keys.make_key", str(made["id"]), "done"),
        ("Till", "fleet.ask", DEVICE, "done"),
        ("Till", "keys.make_key", "", "refused"),
        ("Olga", "keys.revoke", "99", "refused"),
        ("Olga", "keys.revoke", str(made["id"]), "done"),
    ]
    assert newest_last[1]["detail"] == {"label": "Till", "role": "manager"}
    assert newest_last[2]["detail"] == {"command": "pause", "id": command["id"]}
    assert newest_last[2]["who"] == f"key {made['id']}"
    assert [row["status"] for row in newest_last] == [200, 201, 202, 403, 400, 204]
    assert {row["address"] for row in newest_last} == {"127.0.0.1"}
    for asker, status in ((till, 401), (either_api.key("manager")[0], 403)):
        assert asker.ask("/api/v1/audit").status_code == status


def test_rows_are_asked_for_by_who_what_and_when_a_page_at_a_time(either_api: Cloud) -> None:
    owner = either_api.person()
    for number in range(7):
        owner.told("/api/v1/keys", {"label": f"Key {number}"}, status=201)
    first = owner.told("/api/v1/audit?what=keys&limit=5")
    then = owner.told(f"/api/v1/audit?what=keys&limit=5&before={first['before']}")
    labels = [row["detail"]["label"] for row in first["rows"] + then["rows"]]
    assert labels == [f"Key {number}" for number in reversed(range(7))]
    assert then["before"] is None
    assert len(told(owner, "?what=keys.make_key")) == 7
    assert told(owner, "?what=key") == told(owner, "?what=%25") == []
    assert len(told(owner, "?who=Olga")) == len(told(owner, "?who=account+1")) == 8
    assert told(owner, "?who=Nobody") == []
    since = first["rows"][0]["at"]
    assert [row["at"] for row in told(owner, f"?since={since}")] == [since]
    assert told(owner, "?since=2999-01-01T00:00:00") == []
    for wrong in ("since=soon", "limit=0", "limit=501", "before=x", "whom=x", "who=%00"):
        assert owner.ask(f"/api/v1/audit?{wrong}").status_code == 400, wrong


def test_signing_in_is_noted_and_so_is_failing_to(cloud: Cloud) -> None:
    cloud.person()
    for name in ("olga", "Nobody", PASSWORD):
        body = {"name": name, "password": "wrong wrong"}
        assert cloud.stranger.ask("/api/v1/login", body).status_code == 401
    assert cloud.stranger.ask("/api/v1/enrol", {"code": "AAAA-BBBB-CCCC"}).status_code == 403
    found = [(row.who, row.name, row.what, row.outcome, row.status) for row in rows(cloud)]
    assert found == [
        ("account 1", "Olga", "sign_in.login", "done", 200),
        ("", "Olga", "sign_in.login", "refused", 401),
        ("", "", "sign_in.login", "refused", 401),
        ("", "", "sign_in.login", "refused", 401),
        ("", "", "devices.enrol", "refused", 403),
    ]


def test_no_secret_is_ever_in_a_row(cloud: Cloud) -> None:
    owner = cloud.person()
    second = {"name": "Rita", "password": "a long secret 1", "role": "reader"}
    rita = owner.told("/api/v1/people", second, status=201)
    owner.told(f"/api/v1/people/{rita['id']}", {"password": "a long secret 2"}, "PATCH")
    key = owner.told("/api/v1/keys", {"label": "Till"}, status=201)
    fresh = owner.told("/api/v1/token", method="POST")
    owner.ask("/api/v1/webhooks", {"url": "https://hooks.example/secret-path"})
    owner.ask("/api/v1/enrol", {"code": "ABCD-EFGH-JKLM", "a long secret 3": 1})
    passwords = {"present": PASSWORD, "new": "a long secret 4"}
    newest = owner.told("/api/v1/me/password", passwords, "PUT")
    hidden = (
        PASSWORD, "a long secret", key["secret"], PREFIX, owner.secret, fresh["token"],
        newest["token"], "secret-path", "ABCD",
    )  # fmt: skip
    written = json.dumps([[str(value) for value in row] for row in rows(cloud)])
    for secret in hidden:
        assert secret not in written
    changed = next(row for row in rows(cloud) if row.what == "sign_in.change")
    assert (changed.target, changed.detail) == (str(rita["id"]), {"password": "…"})


def test_no_field_that_may_be_secret_is_put_down(cloud: Cloud) -> None:
    secret = {"password", "present", "new", "code", "secret", "token", "url", "key"}
    for rule, method, found in described_routes(cloud.app):
        assert found is not None
        assert not secret & {*found.noted}, (method, rule.rule)
        known = getattr(found.body, "model_fields", {})
        assert {*found.noted} <= {*known}, (method, rule.rule)


def test_who_changed_nothing_and_is_nobody_leaves_no_row(cloud: Cloud) -> None:
    reader, _ = cloud.key("reader")
    slow, _ = cloud.key("owner", per_minute=2)
    cloud.stranger.ask("/api/v1/keys", {"label": "x"})
    cloud.stranger.ask("/api/v1/login", {"name": "x"})
    cloud.stranger.ask("/api/v1/nowhere", {"name": "x"})
    for path in ("/api/v1/devices", "/api/v1/me"):
        reader.ask(path)
    for _ in range(5):
        slow.ask("/api/v1/keys", {"label": ""})
    assert [(row.what, row.status) for row in rows(cloud)] == [("keys.make_key", 400)] * 2


@pytest.mark.parametrize(
    "body", [b"[" * 8000, b"\xff", b'{"label": "' + b"x" * 20_000 + b'"}', b'{"label": 1e999}']
)
def test_rubbish_is_noted_without_its_words(cloud: Cloud, body: bytes) -> None:
    owner, _ = cloud.key("owner")
    answer = owner.client.post(
        "/api/v1/keys", data=body, content_type="application/json",
        headers={"Authorization": f"Bearer {owner.secret}"},
    )  # fmt: skip
    [row] = rows(cloud)
    assert (row.status, row.outcome) == (answer.status_code, "refused")
    assert row.status in (400, 413)
    assert len(json.dumps(row.detail)) < 100


def test_what_can_not_be_put_down_is_not_done(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = cloud.person()

    def full(*_: Any, **__: Any) -> Any:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(Trail, "note", full)
    assert owner.ask("/api/v1/keys", {"label": "Till"}).status_code == 503
    login = {"name": "Olga", "password": PASSWORD}
    refused = cloud.stranger.ask("/api/v1/login", login)
    assert (refused.status_code, "token" in refused.json) == (503, False)
    monkeypatch.undo()
    assert owner.told("/api/v1/keys")["keys"] == []


def test_a_change_that_a_crash_cut_off_is_still_there(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, _ = cloud.key("owner")
    monkeypatch.setattr(Trail, "end", lambda *_: None)  # as if the process had gone before
    owner.told("/api/v1/keys", {"label": "Till"}, status=201)
    [row] = told(owner)
    assert (row["what"], row["outcome"], row["status"]) == ("keys.make_key", "begun", 0)


def test_a_defect_is_noted_as_failed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, _ = cloud.key("owner")
    cloud.app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(type(services(cloud.app).gate.keys), "revoke", fail)
    assert owner.ask("/api/v1/keys/1", method="DELETE").status_code == 500
    assert [(row.outcome, row.status) for row in rows(cloud)] == [("failed", 500)]


def test_what_is_changed_on_the_clouds_own_machine_is_there_too(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    words = ["--data", str(cloud.store.data_dir), "cloud", "account"]
    for what, said in (("add", PASSWORD), ("add", PASSWORD), ("password", "a long secret")):
        monkeypatch.setattr("sys.stdin", io.StringIO(said + "\n"))
        main([*words, what, "Olga", "--password-stdin"])
    assert main([*words, "remove", "Olga"]) == 2  # the last owner
    capsys.readouterr()
    found = [(row.who, row.what, row.target, row.outcome, row.detail) for row in rows(cloud)]
    assert found == [
        ("shell", "shell.add_account", "Olga", "done", {"role": "owner"}),
        ("shell", "shell.add_account", "Olga", "refused", {"role": "owner"}),
        ("shell", "shell.password", "Olga", "done", {}),
        ("shell", "shell.remove_account", "Olga", "refused", {}),
    ]
    assert all(row.name for row in rows(cloud))


def test_commands_to_devices_and_new_keys_from_the_shell_are_there(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    owner, _ = cloud.key("owner")
    settings = cloud.store.data_dir / "cloud.toml"
    settings.write_text('broker = "mqtt://localhost:1"\nuser = "cloud"\npassword = "x"\n')
    settings.chmod(0o600)
    words = ["--data", str(cloud.store.data_dir), "cloud"]
    assert main([*words, "ask", DEVICE, "pause", "--by", "Ada", "--no-wait"]) == 0
    assert main([*words, "ask", DEVICE, "pause", "--by", "x" * 500, "--no-wait"]) == 2
    assert main([*words, "ask", DEVICE, "log"]) == 0
    monkeypatch.setenv("SUDO_USER", "olga")
    assert main([*words, "account", "rotate-keys"]) == 0
    capsys.readouterr()
    user = pwd.getpwuid(os.getuid()).pw_name
    keys, refused, asked = told(owner)
    assert (keys["who"], keys["name"], keys["detail"]) == ("shell", user, {"sudo": "olga"})
    assert (keys["what"], keys["outcome"]) == ("shell.rotate_keys", "done")
    assert (asked["who"], asked["name"], asked["target"]) == ("shell", user, DEVICE)
    assert (asked["what"], asked["outcome"]) == ("shell.ask", "done")
    assert asked["detail"] == {"command": "pause", "by": "Ada"}
    assert (refused["what"], refused["outcome"]) == ("shell.ask", "refused")


def test_rows_stay_for_two_years(either_api: Cloud) -> None:
    owner, _ = either_api.key("owner")
    now = utc_now()
    fields = {
        "who": "key 9", "name": "Old", "address": "", "what": "keys.revoke", "target": "1",
        "outcome": "done", "status": 204, "detail": {},
    }  # fmt: skip
    ages = (AUDIT_FOR + timedelta(hours=1), AUDIT_FOR - timedelta(hours=1))
    with either_api.store.log.write() as session:
        session.connection().execute(
            insert(API_AUDIT), [{**fields, "at": now - age} for age in ages]
        )
    said = clean_up(JobContext(either_api.store, CloudConfig(), now))
    assert "1 rows of the audit log removed" in said
    assert [row["name"] for row in told(owner)] == ["Old"]


def test_the_log_moves_with_the_cloud(cloud: Cloud, postgres_url: str, tmp_path: Path) -> None:
    owner = cloud.person()
    for label in ("é", "two"):
        owner.told("/api/v1/keys", {"label": label}, status=201)
    written = export(cloud.store, tmp_path / "there")
    assert written["api_audit"].rows == 3
    with closing(CloudStore(tmp_path / "new", postgres_url).log):
        pass
    with CloudStore(tmp_path / "new", postgres_url) as postgres:
        import_all(postgres, tmp_path / "there")
        assert compared(written, contents_of(postgres)) == []
        moved = Cloud(create_app(postgres, CloudConfig()), postgres)
        with_key, _ = moved.key("owner")
        with_key.told("/api/v1/keys", {"label": "three"}, status=201)
        labels = [row["detail"].get("label") for row in told(with_key)]
        assert labels == ["three", "two", "é", None]
        with postgres.log.read() as session:
            count = session.connection().execute(select(func.count()).select_from(API_AUDIT))
            assert count.scalar_one() == 4
