"""A device is let in by a code, exchanges through a real broker, and is cut off when revoked."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from scanner.errors import ConfigError, UsageError
from scanner.store import Store
from scanner.tables import utc_now
from sync.agent import Agent
from sync.bench_broker import Broker, program
from sync.bench_log import FilledLog
from sync.cloud.api.app import create_app, services
from sync.cloud.api.broker_files import BrokerFiles, BrokerFilesError, password_hash
from sync.cloud.broker import access_list
from sync.cloud.config import CloudConfig
from sync.cloud.config_api import FilesSettings, MosquittoSettings
from sync.cloud.store import CloudStore
from sync.cloud.tables_api import ENROL_CODE
from sync.enrol import EnrolError, enrol
from sync.pairing import read_pairing
from tests.sync.api.conftest import Cloud
from tests.sync.conftest import Running, service, until


@pytest.fixture
def kept_broker(tmp_path: Path) -> Iterator[Broker]:
    """A Mosquitto whose files the cloud keeps."""
    folder = tmp_path / "broker"
    with Broker(folder, (), extra=f"pid_file {folder / 'pid'}") as broker:
        until(lambda: (folder / "pid").exists())
        yield broker


KEY = base64.b64encode(bytes(range(32))).decode()
"""A public key that devices are told to trust."""


def config_of(broker: Broker) -> CloudConfig:
    folder = broker.folder
    files = MosquittoSettings(
        password_file=str(folder / "passwords"), acl_file=str(folder / "acl"),
        pid_file=str(folder / "pid"),
    )  # fmt: skip
    return CloudConfig(
        files=FilesSettings(keys=(KEY,)),
        broker=f"mqtt://127.0.0.1:{broker.port}",
        password="not-a-secret",
        mosquitto=files,
    )


@pytest.fixture
def kept_cloud(kept_broker: Broker, tmp_path: Path) -> Iterator[Cloud]:
    with CloudStore(tmp_path / "cloud") as store:
        yield Cloud(create_app(store, config_of(kept_broker)), store)


def over(cloud: Cloud) -> httpx.WSGITransport:
    return httpx.WSGITransport(cloud.app)


URL = "https://cloud.example/"


def code_for(cloud: Cloud, device: str = "counter-9") -> str:
    manager, _ = cloud.key("manager")
    made = manager.told("/api/v1/devices/codes", {"device": device}, status=201)
    return str(made["code"])


def test_a_device_with_a_code_comes_in_and_a_revoked_one_is_cut_off(
    kept_cloud: Cloud, kept_broker: Broker, filled: FilledLog, device_store: Store,
    running: Running, tmp_path: Path,
) -> None:  # fmt: skip
    filled.add_scans(20)
    file = tmp_path / "device" / "sync.toml"
    code = code_for(kept_cloud)
    assert enrol(URL, f" {code.lower()} ", file, over(kept_cloud)) == "counter-9"
    assert file.stat().st_mode & 0o077 == 0
    assert read_pairing(file).trusted_keys == (KEY,)
    running.start(service(kept_cloud.store, kept_broker.port))
    running.start(Agent(device_store, read_pairing(file), longest_back_off_s=0.2))
    reader, _ = kept_cloud.key()
    manager, _ = kept_cloud.key("manager")

    def counter_9() -> dict[str, object]:
        [found] = reader.told("/api/v1/devices")["devices"]
        return dict(found)

    until(lambda: counter_9()["up_to_scan"] == 20 and counter_9()["is_online"] is True)
    assert counter_9()["enrolled_at"]
    assert counter_9()["revoked_at"] is None

    assert manager.ask("/api/v1/devices/counter-9", method="DELETE").status_code == 204

    def said() -> str:
        found = device_store.sync_event()
        return "" if found is None else found.kind

    until(lambda: said() == "refused")
    assert counter_9()["revoked_at"]
    until(lambda: counter_9()["is_online"] is False)
    again = code_for(kept_cloud)
    enrol(URL, again, file, over(kept_cloud))
    running.start(Agent(device_store, read_pairing(file), longest_back_off_s=0.2))
    until(lambda: counter_9()["is_online"] is True)


def test_a_code_lets_in_once_and_not_for_ever(kept_cloud: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "sync.toml"
    code = code_for(kept_cloud)
    enrol(URL, code, file, over(kept_cloud))
    before = file.read_text()
    for useless in (code, "AAAA-BBBB-CCCC", "", "'; DROP TABLE enrol_code; --"):
        with pytest.raises(EnrolError, match="lets nobody in"):
            enrol(URL, useless, file, over(kept_cloud))
    late, newer = code_for(kept_cloud), code_for(kept_cloud, "counter-8")
    with kept_cloud.store.log.write() as session:
        passed = update(ENROL_CODE).where(ENROL_CODE.c.device == "counter-9")
        session.connection().execute(passed.values(expires_at=utc_now() - timedelta(seconds=1)))
    with pytest.raises(EnrolError, match="lets nobody in"):
        enrol(URL, late, file, over(kept_cloud))
    assert file.read_text() == before
    assert enrol(URL, newer, file, over(kept_cloud)) == "counter-8"


def test_who_guesses_codes_has_to_wait(kept_cloud: Cloud) -> None:
    answers = [
        kept_cloud.stranger.ask("/api/v1/enrol", {"code": "AAAA-BBBB-CCCC"}) for _ in range(11)
    ]
    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize("name", ["cloud", "a b", "a/b", "a:b", "#", "+", "", "x" * 64, "a\nb"])
def test_a_device_can_only_have_a_name_that_fits_a_topic(kept_cloud: Cloud, name: str) -> None:
    manager, _ = kept_cloud.key("manager")
    assert manager.ask("/api/v1/devices/codes", {"device": name}).status_code == 400


def test_users_that_are_not_ours_keep_their_passwords(kept_cloud: Cloud, tmp_path: Path) -> None:
    passwords = Path(services(kept_cloud.app).config.mosquitto.password_file)
    before = passwords.read_text()
    enrol(URL, code_for(kept_cloud), tmp_path / "sync.toml", over(kept_cloud))
    assert before in passwords.read_text()
    manager, _ = kept_cloud.key("manager")
    assert manager.ask("/api/v1/devices/counter-9", method="DELETE").status_code == 204
    assert passwords.read_text() == before
    assert passwords.stat().st_mode & 0o777 == 0o600


def test_no_code_takes_the_name_of_a_user_that_is_not_ours(
    kept_cloud: Cloud, kept_broker: Broker, tmp_path: Path
) -> None:
    manager, _ = kept_cloud.key("manager")
    early = code_for(kept_cloud, "till")
    for name in ("dashboard", "till"):
        kept_broker.add_user(name)
    access = kept_broker.folder / "acl"
    access.write_text(f"user reader\ntopic read #\n\n{access.read_text()}")
    before = (kept_broker.folder / "passwords").read_text()
    for name in ("dashboard", "reader"):
        refused = manager.ask("/api/v1/devices/codes", {"device": name})
        assert refused.status_code == 400
        assert "another name" in refused.json["error"]
    with pytest.raises(EnrolError, match="a user till that this cloud did not let in"):
        enrol(URL, early, tmp_path / "sync.toml", over(kept_cloud))
    assert (kept_broker.folder / "passwords").read_text() == before
    kept_broker.remove_user("till")
    assert enrol(URL, early, tmp_path / "sync.toml", over(kept_cloud)) == "till"
    assert code_for(kept_cloud, "till"), "a device that it let in may come anew"


def test_a_hand_made_access_list_is_left_and_an_old_one_is_renewed(tmp_path: Path) -> None:
    acl, passwords = tmp_path / "acl", tmp_path / "passwords"
    passwords.touch()
    files = BrokerFiles(MosquittoSettings(password_file=str(passwords), acl_file=str(acl)), "cloud")
    assert files.write({}) is True
    assert acl.read_text() == access_list("cloud")
    acl.write_text(access_list("cloud").replace("prices", "old"))
    assert files.write({}) is True
    assert acl.read_text() == access_list("cloud")
    mine = "user dashboard\ntopic read #\n\n" + access_list("cloud").replace("prices", "old")
    acl.write_text(mine)
    assert files.write({}) is False
    assert acl.read_text() == mine


def test_a_hash_is_as_mosquitto_makes_it(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.touch(mode=0o600)
    subprocess.run([program("mosquitto_passwd"), "-b", str(file), "a", "b"], check=True)
    theirs = file.read_text().strip().partition(":")[2].split("$")
    ours = password_hash("b").split("$")
    assert (ours[1], ours[2], len(ours[4])) == (theirs[1], theirs[2], len(theirs[4]))


def test_a_broker_that_can_not_be_told_is_an_answer_and_no_crash(
    kept_cloud: Cloud, kept_broker: Broker
) -> None:
    kept_broker.stop()
    (kept_broker.folder / "pid").write_text("nonsense")
    answer = kept_cloud.stranger.ask("/api/v1/enrol", {"code": code_for(kept_cloud)})
    assert answer.status_code == 502
    assert "[mosquitto] reload or pid_file" in answer.json["error"]
    nowhere = MosquittoSettings(password_file="/nowhere/passwords")
    with pytest.raises(BrokerFilesError, match="let this user write /nowhere"):
        BrokerFiles(nowhere, "cloud").write({"a": "x"})


@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://cloud.example", "in the clear"), ("ftp://x", "no address"), ("cloud", "no address")],
)
def test_a_password_is_never_asked_for_in_the_clear(tmp_path: Path, url: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        enrol(url, "x", tmp_path / "sync.toml")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>Welcome to nginx"),
        httpx.Response(404, text="<html>Not found"),
        httpx.Response(200, json=[]),
        httpx.Response(502, json=["?"]),
        httpx.Response(200, json={"broker": "mqtts://x", "user": "a", "password": "b" * 10_000}),
    ],
)
def test_what_is_no_cloud_is_told_so(tmp_path: Path, answer: httpx.Response) -> None:
    file = tmp_path / "sync.toml"
    with pytest.raises(EnrolError, match="no Counterscan cloud"):
        enrol(URL, "x", file, httpx.MockTransport(lambda _: answer))
    assert not file.exists()


def test_an_answer_without_end_is_not_waited_for(tmp_path: Path) -> None:
    read = 0

    def without_end() -> Iterator[bytes]:
        nonlocal read
        while read < 100_000_000:
            read += 10_000
            yield b" " * 10_000

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=without_end()))
    with pytest.raises(EnrolError, match="no Counterscan cloud"):
        enrol(URL, "x", tmp_path / "sync.toml", transport)
    assert read < 1_000_000


def test_credentials_that_make_no_pairing_leave_the_one_that_was_there(tmp_path: Path) -> None:
    file = tmp_path / "sync.toml"
    file.write_text("before")
    told = {"broker": "https://x", "user": "a", "password": 'b"\n\x7f'}
    with pytest.raises(ConfigError, match="must be mqtts"):
        enrol(URL, "x", file, httpx.MockTransport(lambda _: httpx.Response(200, json=told)))
    assert [each.name for each in tmp_path.iterdir()] == ["sync.toml"]
    assert file.read_text() == "before"


def test_an_unreachable_cloud_is_told_so(tmp_path: Path) -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(EnrolError, match="can't be reached .refused"):
        enrol(URL, "x", tmp_path / "sync.toml", httpx.MockTransport(cut))


def test_a_broker_kept_by_hand_is_told_so(cloud: Cloud) -> None:
    manager, _ = cloud.key("manager")
    told = manager.told("/api/v1/devices/codes", {"device": "counter-1"}, status=400)
    assert "mosquitto_passwd" in told["error"]


def test_a_key_that_is_none_is_told_where_it_is_set() -> None:
    with pytest.raises(ValueError, match="is no public key"):
        CloudConfig.model_validate({"files": {"keys": ["x"]}})
