"""People sign in, keys are made and revoked; what is expired, forged or revoked lets nobody in."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path

import jwt
import pytest
from sqlalchemy import text

from scanner.errors import ConfigError
from scanner.tables import utc_now
from sync.cloud.api import accounts as accounts_module
from sync.cloud.api.app import create_app, services, token_keys_file
from sync.cloud.api.tokens import KEYS_KEPT, TokenKeys, rotate
from sync.cloud.config import CloudConfig
from tests.conftest import Counterscan
from tests.sync.api.conftest import PASSWORD, Cloud


def test_a_person_signs_in_changes_the_password_and_signs_out(either_api: Cloud) -> None:
    person = either_api.person()
    me = person.told("/api/v1/me")
    assert (me["name"], me["role"], me["is_key"]) == ("Olga", "owner", False)
    fresh = person.told("/api/v1/token", method="POST")
    asked = {"present": PASSWORD, "new": "another long one"}
    newest = person.told("/api/v1/me/password", asked, "PUT")
    for ended in (person.secret, fresh["token"]):
        assert person.with_secret(ended).ask("/api/v1/me").status_code == 401
    person = person.with_secret(newest["token"])
    assert person.ask("/api/v1/me").status_code == 200
    assert person.ask("/api/v1/logout", method="POST").status_code == 204
    assert person.ask("/api/v1/me").status_code == 401


def test_a_wrong_password_and_a_wrong_name_are_told_alike(cloud: Cloud) -> None:
    cloud.person()
    answers = [
        cloud.stranger.ask("/api/v1/login", {"name": name, "password": "something else"})
        for name in ("Olga", "Nobody")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json == answers[1].json


def test_who_guesses_passwords_has_to_wait_even_with_the_right_one(either_api: Cloud) -> None:
    either_api.person()
    stranger = either_api.stranger
    guess = {"name": "Olga", "password": "guess after guess"}
    for _ in range(accounts_module.MOST_OF_A_CLIENT):
        assert stranger.ask("/api/v1/login", guess).status_code == 401
    answer = stranger.ask("/api/v1/login", {"name": "Olga", "password": PASSWORD})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 600
    with either_api.store.log.write() as session:
        before = utc_now() - accounts_module.FAILURES_WITHIN - timedelta(seconds=1)
        session.connection().execute(
            accounts_module.LOGIN_FAILURE.update().values(failed_at=before)
        )
    assert stranger.ask("/api/v1/login", {"name": "Olga", "password": PASSWORD}).status_code == 200


def forged(token: str, **claims: object) -> str:
    """A token with other claims and the old signature."""
    head, body, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = json.dumps({**said, **claims}).encode()
    return f"{head}.{base64.urlsafe_b64encode(changed).decode().rstrip('=')}.{signature}"


def test_forged_tokens_let_nobody_in(cloud: Cloud) -> None:
    person = cloud.person()
    head = jwt.get_unverified_header(person.secret)
    said = jwt.decode(person.secret, options={"verify_signature": False})
    unsigned = jwt.encode(said, "", "none", headers={"kid": head["kid"]})
    other = jwt.encode(said, "x" * 64, "HS256", headers={"kid": head["kid"]})
    unknown = jwt.encode(said, "x" * 64, "HS256", headers={"kid": "nobody"})
    for token in (
        unsigned, other, unknown, forged(person.secret, sub="2"), forged(person.secret, exp=2**40),
        person.secret[:-2], "a.b.c", "…", "csk_", "csk_" + "a" * 43,
    ):  # fmt: skip
        answer = person.with_secret(token).ask("/api/v1/me")
        assert answer.status_code == 401, token
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_expired_token_lets_nobody_in(cloud: Cloud) -> None:
    person = cloud.person()
    file = token_keys_file(cloud.store.data_dir, CloudConfig())
    key_id, secret = file.read_text().splitlines()[0].split()
    said = jwt.decode(person.secret, secret, ["HS256"])
    ends = datetime.fromtimestamp(said["exp"], tz=utc_now().tzinfo)
    assert timedelta(hours=11) < ends - utc_now() <= timedelta(hours=12)
    said["exp"] = int(utc_now().timestamp()) - 1
    late = jwt.encode(said, secret, "HS256", headers={"kid": key_id})
    assert person.with_secret(late).ask("/api/v1/me").status_code == 401
    del said["exp"]
    endless = jwt.encode(said, secret, "HS256", headers={"kid": key_id})
    assert person.with_secret(endless).ask("/api/v1/me").status_code == 401


def test_rotated_keys_sign_anew_and_old_tokens_hold_until_their_key_is_gone(cloud: Cloud) -> None:
    person = cloud.person()
    file = token_keys_file(cloud.store.data_dir, CloudConfig())
    assert file.stat().st_mode & 0o077 == 0
    rotate(file)
    assert person.ask("/api/v1/me").status_code == 200
    fresh = person.told("/api/v1/token", method="POST")["token"]
    heads = [jwt.get_unverified_header(token)["kid"] for token in (person.secret, fresh)]
    assert heads[0] != heads[1]
    for _ in range(KEYS_KEPT - 1):
        rotate(file)
    assert person.ask("/api/v1/me").status_code == 401
    assert person.with_secret(fresh).ask("/api/v1/me").status_code == 200


def test_a_file_of_keys_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    TokenKeys(file)
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 640"):
        TokenKeys(file)


def test_a_role_may_do_what_it_may_and_no_more(cloud: Cloud) -> None:
    cloud.person()
    reader, manager = cloud.person("Rita", "reader"), cloud.person("Max", "manager")
    code = {"device": "counter-1"}
    assert reader.ask("/api/v1/devices").status_code == 200
    assert reader.ask("/api/v1/devices/codes", code).status_code == 403
    assert manager.ask("/api/v1/devices/codes", code).status_code == 400  # no broker of ours
    for path in ("/api/v1/people", "/api/v1/keys"):
        assert reader.ask(path).status_code == manager.ask(path).status_code == 403
    assert cloud.stranger.ask("/api/v1/devices").status_code == 401
    told = cloud.stranger.ask("/api/v1/devices").json
    assert "Sign in first" in told["error"]


def test_a_removed_person_and_one_with_another_role_are_out_at_once(either_api: Cloud) -> None:
    owner, reader = either_api.person(), either_api.person("Rita", "reader")
    ids = {each["name"]: each["id"] for each in owner.told("/api/v1/people")["people"]}
    owner.told(f"/api/v1/people/{ids['Rita']}", {"role": "manager"}, "PATCH")
    assert reader.ask("/api/v1/me").status_code == 401
    back = reader.told("/api/v1/login", {"name": " rita ", "password": PASSWORD})
    reader = reader.with_secret(back["token"])
    assert reader.told("/api/v1/me")["role"] == "manager"
    assert owner.ask(f"/api/v1/people/{ids['Rita']}", method="DELETE").status_code == 204
    assert reader.ask("/api/v1/me").status_code == 401
    gone = owner.ask("/api/v1/login", {"name": "Rita", "password": PASSWORD})
    assert gone.status_code == 401
    again = owner.told("/api/v1/people", {"name": "Rita", "password": PASSWORD}, status=201)
    assert again["role"] == "reader"
    assert reader.ask("/api/v1/me").status_code == 401


def test_the_last_owner_stays(cloud: Cloud) -> None:
    owner = cloud.person()
    [me] = owner.told("/api/v1/people")["people"]
    for asked in (owner.ask(f"/api/v1/people/{me['id']}", {"role": "reader"}, "PATCH"),
                  owner.ask(f"/api/v1/people/{me['id']}", method="DELETE")):  # fmt: skip
        assert asked.status_code == 400
        assert "One owner must stay" in asked.json["error"]


def test_a_key_is_shown_once_kept_as_a_hash_and_refused_when_revoked(either_api: Cloud) -> None:
    owner = either_api.person()
    made = owner.told("/api/v1/keys", {"label": "Till", "per_day": 5}, status=201)
    assert made["secret"].startswith("csk_")
    assert made["secret"] not in owner.ask("/api/v1/keys").get_data(as_text=True)
    with either_api.store.log.read() as session:
        kept = session.connection().execute(text("SELECT * FROM api_key")).one()
    assert made["secret"] not in map(str, kept)
    till = owner.with_secret(made["secret"])
    me = till.told("/api/v1/me")
    assert (me["name"], me["role"], me["is_key"], me["per_day"]) == ("Till", "reader", True, 5)
    assert till.ask("/api/v1/keys").status_code == 403
    assert owner.ask(f"/api/v1/keys/{made['id']}", method="DELETE").status_code == 204
    assert till.ask("/api/v1/me").status_code == 401
    assert owner.ask(f"/api/v1/keys/{made['id']}", method="DELETE").status_code == 400


def test_a_key_that_asks_too_fast_is_told_when_to_come_again(cloud: Cloud) -> None:
    fast, _ = cloud.key(per_minute=3)
    other, _ = cloud.key(per_minute=3)
    assert [fast.ask("/api/v1/me").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = fast.ask("/api/v1/me")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "3 a minute" in answer.json["error"]
    assert other.ask("/api/v1/me").status_code == 200


def test_a_quota_lasts_a_day_also_for_another_process(either_api: Cloud) -> None:
    key, key_id = either_api.key(per_day=4)
    assert [key.ask("/api/v1/me").status_code for _ in range(4)] == [200] * 4
    answer = key.ask("/api/v1/me")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 86_400
    assert "midnight" in answer.json["error"]
    services(either_api.app).gate.usage.flush()
    other = Cloud(create_app(either_api.store, CloudConfig()), either_api.store)
    assert other.stranger.with_secret(key.secret).ask("/api/v1/me").status_code == 429
    owner = other.person()
    [till] = owner.told("/api/v1/keys")["keys"]
    assert (till["id"], till["asked_today"] >= 5) == (key_id, True)


def test_usage_is_told_by_key_and_day_and_only_the_own_to_who_is_no_owner(
    either_api: Cloud,
) -> None:
    owner, (key, key_id) = either_api.person(), either_api.key()
    for path in ("/api/v1/devices", "/api/v1/keys", "/nowhere"):
        key.ask(path)
    [mine] = key.told("/api/v1/usage")["usage"]
    assert (mine["who"], mine["label"]) == (f"key {key_id}", "till")
    assert (mine["requests"], mine["refused"], mine["failed"]) == (3, 2, 0)
    assert mine["sent_bytes"] > 0
    assert owner.ask("/api/v1/me").status_code == 200
    everybody = {each["who"] for each in owner.told("/api/v1/usage?days=1")["usage"]}
    assert {f"key {key_id}"} < everybody
    assert owner.ask("/api/v1/usage?days=0").status_code == 400


def test_strangers_can_only_ask_so_often(cloud: Cloud) -> None:
    codes = [
        cloud.stranger.with_secret("csk_wrong").ask("/api/v1/me").status_code for _ in range(130)
    ]
    assert codes[0] == 401
    assert codes[-1] == 429


def test_people_are_made_on_the_clouds_own_machine(
    counterscan: Counterscan, tmp_path: Path
) -> None:
    command = ("--data", tmp_path, "cloud", "account")
    refused = counterscan(*command, "add", "Olga")
    assert refused.returncode == 2
    assert "--password-stdin" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert counterscan(*command, "list").stdout == ""
