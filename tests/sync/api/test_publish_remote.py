"""Publishing from another machine: `cloud publish --at`, over lines that are cut at any moment."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import httpx
import pytest

from scanner.catalog.disk import sha256_file
from scanner.cli import main
from scanner.errors import UsageError
from scanner.signing import read_private_key
from sync.cloud import uploads
from sync.cloud.api import upload_routes
from sync.cloud.api.app import create_app
from sync.cloud.api.server import ApiServer
from sync.cloud.publish_remote import RemoteCloud, RemoteCloudError, read_secret
from sync.cloud.releases import Releases
from sync.cloud.store import CloudStore
from sync.protocol_fleet import PackRelease
from tests.sync.api.conftest import FILES, Cloud, config_of
from tests.sync.update_kit import Shop

NEAR = "http://127.0.0.1"


class BadLine(httpx.BaseTransport):
    """Loses requests and answers, and has a proxy that is now and then at a loss."""

    def __init__(self, cloud: Cloud, seed: int) -> None:
        self._well = httpx.WSGITransport(cloud.app)
        self._chance = random.Random(seed)
        self.cuts = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        what = self._chance.random()
        if what < 0.6:
            return self._well.handle_request(request)
        self.cuts += 1
        if what < 0.7:
            raise httpx.ConnectError("cut")
        if what < 0.85:
            self._well.handle_request(request).read()
            raise httpx.ReadError("cut")  # it has arrived, and nobody knows
        if what < 0.95:
            return httpx.Response(502, text="<html>Bad gateway")
        return httpx.Response(429, json={"error": "Too fast."}, headers={"Retry-After": "7"})


@pytest.mark.parametrize("seed", range(6))
def test_a_bad_line_only_takes_longer(
    publisher: Cloud, maker: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int
) -> None:
    for module in (uploads, upload_routes):
        monkeypatch.setattr(module, "PART_BYTES", 4096)
    owner, _ = publisher.key("owner")
    line, waits = BadLine(publisher, seed), list[float]()
    with RemoteCloud(NEAR, owner.secret, transport=line, sleep=waits.append) as cloud:
        release = cloud.publish(maker.packs["1"], "stable", rollback=False, key=None)
    assert line.cuts == len(waits) > 3
    assert max(waits) <= 60
    [standing] = Releases(publisher.store.data_dir, "").standing()
    assert standing.release == release
    assert release.url == f"{FILES}/{release.sha256}.tar"
    archive = Releases(publisher.store.data_dir, "").archive_of(release)
    assert archive is not None
    assert sha256_file(archive) == release.sha256


def test_the_command_signs_here_and_publishes_there(
    cloud_store: CloudStore, maker: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unsigned = tmp_path / "pack"
    shutil.copytree(maker.packs["2"], unsigned)
    (unsigned / "pack.sig").unlink()
    with ApiServer(cloud_store, config_of(maker)) as server:
        there = Cloud(server.app, cloud_store)
        token = tmp_path / "token"
        token.write_text(there.key("owner")[0].secret + "\n")
        token.chmod(0o600)
        at = ["--at", f"{NEAR}:{server.port}", "--token-file", str(token)]
        words = ["--data", str(tmp_path / "here"), "cloud", "publish"]
        assert main([*words, str(unsigned), *at]) != 0
        assert "is not signed" in capsys.readouterr().err
        assert main([*words, str(unsigned), "--key", str(maker.key), "--about", "New", *at]) == 0
        assert "2 is announced on stable" in capsys.readouterr().out
        [standing] = Releases(cloud_store.data_dir, "").standing()
        assert isinstance(standing.release, PackRelease)
        assert (standing.release.game, standing.release.about) == ("drawn", "New")
        assert main([*words, str(maker.packs["1"]), *at]) == 1
        assert "older than 2" in capsys.readouterr().err
        assert main([*words, str(maker.packs["1"]), "--rollback", *at]) == 0
        assert main([*words, "--withdraw", "pack/drawn", *at]) == 0
        assert main([*words, "--withdraw", "pack/other", *at]) == 1
        assert "was announced" in capsys.readouterr().err
        token.write_text(there.key("manager")[0].secret)
        assert main([*words, str(maker.packs["1"]), *at]) == 1
        assert "needs the role owner" in capsys.readouterr().err
    assert main([*words, str(maker.packs["1"]), "--at", "https://x"]) == 2
    assert main([*words, str(maker.packs["1"]), "--at", "http://cloud.example", *at[2:]]) == 2
    assert "in the clear" in capsys.readouterr().err


def test_what_is_published_in_the_shell_is_in_the_audit_log(
    cloud_store: CloudStore, maker: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = cloud_store.data_dir / "cloud.toml"
    settings.write_text(f'[files]\nurl = "{FILES}"\n')
    settings.chmod(0o600)
    words = ["--data", str(cloud_store.data_dir), "cloud", "publish"]
    assert main([*words, str(maker.packs["2"])]) == 0
    assert main([*words, "no-pack"]) == 1
    assert main([*words, "--withdraw", "pack/drawn"]) == 0
    capsys.readouterr()
    owner, _ = Cloud(create_app(cloud_store, config_of(maker)), cloud_store).key("owner")
    rows = owner.told("/api/v1/audit")["rows"]
    assert [(row["who"], row["what"], row["target"], row["outcome"]) for row in rows] == [
        ("shell", "shell.withdraw", "pack/drawn", "done"),
        ("shell", "shell.publish", "no-pack", "refused"),
        ("shell", "shell.publish", str(maker.packs["2"])[:200], "done"),
    ]
    assert all(row["name"] for row in rows)
    assert rows[2]["detail"]["channel"] == "stable"


def test_what_is_no_cloud_or_never_there_is_told_so(maker: Shop, tmp_path: Path) -> None:
    def no_cloud(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="<html>Welcome to nginx")

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    key = read_private_key(maker.key)
    for handler, said in ((no_cloud, "no Counterscan cloud"), (away, "can't be reached .refused")):
        transport = httpx.MockTransport(handler)
        with (
            RemoteCloud(NEAR, "x", transport=transport, sleep=lambda _: None) as cloud,
            pytest.raises(RemoteCloudError, match=said),
        ):
            cloud.publish(maker.packs["1"], "stable", rollback=False, key=key)


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "token"
    with pytest.raises(UsageError, match="can't be read"):
        read_secret(file)
    file.write_text("csk_x")
    file.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        read_secret(file)
    file.chmod(0o600)
    assert read_secret(file) == "csk_x"
    file.write_text("two words")
    with pytest.raises(UsageError, match="one line"):
        read_secret(file)
