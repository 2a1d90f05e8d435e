"""Packs and models published over REST: uploaded in parts, checked in full, fetched by a device."""

from __future__ import annotations

import errno
import hashlib
import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.catalog.library import Library
from scanner.catalog.manifest import MANIFEST
from scanner.catalog.sign import sign_pack
from scanner.config import load_settings
from scanner.models_library import BUNDLE, write_bundle
from scanner.models_library import SIGNATURE as MODELS_SIGNATURE
from scanner.signing import new_key, read_private_key, sign_file
from scanner.store import Store
from sync.agent import Agent
from sync.bench_broker import Broker
from sync.bench_log import FilledLog
from sync.cloud import release_archive
from sync.cloud import releases as releases_module
from sync.cloud.api import release_routes
from sync.cloud.api.app import create_app
from sync.cloud.api.server import ApiServer
from sync.cloud.config import CloudConfig
from sync.cloud.releases import Releases
from sync.cloud.store import CloudStore
from sync.fleet import Fleet
from sync.protocol import DeviceState
from tests.sync.api.conftest import FILES, Asker, Cloud, config_of, fits
from tests.sync.api.publishing import packed, published, put, refused, sent
from tests.sync.conftest import DEVICE, Running, pairing, service, until
from tests.sync.test_update_models import models_folder
from tests.sync.update_kit import IMPATIENT, Shop


def test_an_uploaded_pack_is_used_by_a_device_and_gone_back_from(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running, maker: Shop, tmp_path: Path,
) -> None:  # fmt: skip
    """Over real HTTP and a real broker; the API is a process's worth of its own."""
    paired = pairing(broker.port).model_copy(update={"trusted_keys": (maker.public,)})
    fleet = Fleet(load_settings(data_dir=filled.data_dir), device_store, paired, limits=IMPATIENT)
    running.start(service(cloud_store, broker.port))
    running.start(Agent(device_store, paired, fleet=fleet, longest_back_off_s=0.2))
    with CloudStore(tmp_path / "cloud") as own, ApiServer(own, config_of(maker)) as files:
        url = f"http://127.0.0.1:{files.port}"
        config = config_of(maker, f"{url}/files")
        publisher = Cloud(create_app(own, config), own)
        owner, _ = publisher.key("owner")
        library = Library(filled.data_dir)
        for version in ("1", "2"):
            published(owner, packed(maker.packs[version]))
            until(lambda version=version: library.current("drawn") == version, 120)

        def in_use() -> dict[str, str]:
            [standing] = owner.told("/api/v1/releases")["releases"]
            return dict(standing["devices"])

        until(lambda: in_use() == {DEVICE: "2"})
        back = owner.told("/api/v1/releases/rollback", {"target": "pack/drawn"})
        assert (back["release"]["version"], back["release"]["rollback"]) == ("1", True)
        until(lambda: library.current("drawn") == "1", 120)
        until(lambda: in_use() == {DEVICE: "1"})
        told = owner.told(f"/api/v1/devices/{DEVICE}")
        assert told["packs"] == {"drawn": "1"}
    running.stop()


def test_what_is_announced_is_told_and_withdrawn(publisher: Cloud, maker: Shop) -> None:
    owner, _ = publisher.key("owner")
    reader, _ = publisher.key("reader")
    assert reader.told("/api/v1/releases") == {"releases": []}
    first = published(owner, packed(maker.packs["1"]))
    fits(release_routes.Announced, first, "published")
    assert (first["target"], first["release"]["version"]) == ("pack/drawn", "1")
    assert first["release"]["url"] == f"{FILES}/{first['release']['sha256']}.tar"
    archive = owner.ask(f"/files/{first['release']['sha256']}.tar")
    assert hashlib.sha256(archive.data).hexdigest() == first["release"]["sha256"]
    published(owner, packed(maker.packs["2"]), channel="beta", about="Two new sets")
    published(owner, packed(maker.packs["2"]))
    listed = reader.told("/api/v1/releases")
    fits(release_routes.ReleaseList, listed, "releases")
    stands = {each["channel"]: each for each in listed["releases"]}
    assert [each["version"] for each in stands["stable"]["former"]] == ["1"]
    assert stands["stable"]["former"][0]["is_kept"] is True
    assert stands["beta"]["release"]["about"] == "Two new sets"
    gone = owner.told("/api/v1/releases/withdraw", {"target": "pack/drawn"})
    assert (gone["release"], [each["version"] for each in gone["former"]]) == (None, ["2", "1"])
    [told] = [
        each for each in Releases(publisher.store.data_dir, "").announcements()
        if each.topic.endswith("/stable")
    ]  # fmt: skip
    assert told.payload == b""
    owner.told("/api/v1/releases/withdraw", {"target": "pack/drawn"}, status=400)
    again = owner.told("/api/v1/releases/rollback", {"target": "pack/drawn", "version": "1"})
    assert again["release"]["version"] == "1"


def test_models_are_published_alike(publisher: Cloud, maker: Shop, tmp_path: Path) -> None:
    owner, _ = publisher.key("owner")
    bundle = tmp_path / "bundle"
    written = write_bundle(models_folder(tmp_path / "models"), bundle)
    assert "not signed" in refused(owner, packed(bundle))
    sign_file(bundle / BUNDLE, bundle / MODELS_SIGNATURE, "models", read_private_key(maker.key))
    told = published(owner, packed(bundle))
    assert (told["target"], told["release"]["version"]) == ("models", written.version)
    reader = next(bundle.glob("*.tflite"))
    reader.write_bytes(reader.read_bytes()[:-1] + b"x")
    assert "checksum differs" in refused(owner, packed(bundle))


def test_an_older_pack_comes_as_a_rollback_only(publisher: Cloud, maker: Shop) -> None:
    owner, _ = publisher.key("owner")
    published(owner, packed(maker.packs["2"]))
    upload = sent(owner, packed(maker.packs["1"]))
    asked = {"upload": upload}
    assert "older than 2" in owner.told("/api/v1/releases", asked, status=409)["error"]
    told = owner.told("/api/v1/releases", {**asked, "rollback": True}, status=201)
    assert (told["release"]["version"], told["release"]["rollback"]) == ("1", True)


def link(name: str, to: str, kind: bytes) -> Callable[[tarfile.TarFile], None]:
    def add(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, to
        archive.addfile(member)

    return add


def file(name: str, content: bytes = b"x") -> Callable[[tarfile.TarFile], None]:
    def add(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))

    return add


PICTURE = f"pictures/ab/{'ab' * 32}.jpg"


@pytest.mark.parametrize(
    "change",
    [
        file("../../evil"), file("/etc/evil"), file("pictures/../../evil"), file("notes.txt"),
        file("a" * 90), file("cards.db"), file("bundle.toml"), file("reader.tflite"),
        link(PICTURE, "/etc/passwd", tarfile.SYMTYPE), link(PICTURE, "pack.toml", tarfile.LNKTYPE),
        link(PICTURE, "", tarfile.FIFOTYPE), link(PICTURE, "", tarfile.CHRTYPE),
        link("pictures", "/tmp", tarfile.SYMTYPE),
    ],
    ids=range(13),
)  # fmt: skip
def test_an_archive_holds_plain_files_of_a_pack_and_nothing_else(
    publisher: Cloud, maker: Shop, tmp_path: Path, change: Callable[[tarfile.TarFile], None]
) -> None:
    owner, _ = publisher.key("owner")
    said = refused(owner, packed(maker.packs["1"], change))
    assert "no place in it" in said or "twice" in said
    assert str(tmp_path) not in said
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


def test_what_is_altered_unsigned_or_anothers_is_refused(
    publisher: Cloud, maker: Shop, tmp_path: Path
) -> None:
    owner, _ = publisher.key("owner")
    pack = tmp_path / "pack"

    def fresh() -> Path:
        shutil.rmtree(pack, ignore_errors=True)
        shutil.copytree(maker.packs["1"], pack)
        return pack

    cards = fresh() / "cards.db"
    cards.write_bytes(cards.read_bytes()[:-1] + b"\xff")
    assert refused(owner, packed(pack)).startswith("cards.db is damaged")
    (fresh() / "vectors.npy").unlink()
    assert "vectors.npy is missing" in refused(owner, packed(pack))
    picture = next((fresh() / "pictures").rglob("*.jpg"))
    picture.write_bytes(b"another picture")
    assert "damaged" in refused(owner, packed(pack))
    manifest = fresh() / MANIFEST
    manifest.write_text(manifest.read_text().replace('version = "1"', 'version = "9"'))
    assert "changed after it was signed" in refused(owner, packed(pack))
    (fresh() / "pack.sig").unlink()
    assert "not signed" in refused(owner, packed(pack))
    strange = tmp_path / "strange.key"
    key = new_key(strange)
    sign_pack(fresh(), strange)
    assert f"the key {key}, which is none of [files] keys" in refused(owner, packed(pack))
    for rubbish in (b"rubbish" * 500, packed(tmp_path / "nothing"), b"\x1f\x8b" + bytes(2000)):
        said = refused(owner, rubbish)
        assert "no archive" in said or "neither a pack" in said
    odd = {"upload": sent(owner, packed(fresh())), "channel": "../../etc"}
    assert "40 letters" in owner.told("/api/v1/releases", odd, status=400)["error"]
    assert Releases(publisher.store.data_dir, "").announcements() == []
    assert [*(publisher.store.data_dir / "releases").glob("files/*")] == []


def test_a_full_disk_announces_nothing_and_the_next_try_needs_no_upload(
    publisher: Cloud, maker: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, _ = publisher.key("owner")
    asked = {"upload": sent(owner, packed(maker.packs["1"]))}

    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    for module, name in ((releases_module, "write_atomic"), (release_archive, "sha256_file")):
        monkeypatch.setattr(module, name, full)
        told = owner.told("/api/v1/releases", asked, status=507)
        assert "is full" in told["error"]
        monkeypatch.undo()
        assert owner.told("/api/v1/releases") == {"releases": []}
    told = owner.told("/api/v1/releases", asked, status=201)
    assert told["release"]["version"] == "1"
    files = publisher.store.data_dir / "releases" / "files"
    assert [path.name for path in files.iterdir()] == [f"{told['release']['sha256']}.tar"]


def test_only_an_owner_publishes(publisher: Cloud, maker: Shop) -> None:
    owner, _ = publisher.key("owner")
    upload = sent(owner, packed(maker.packs["1"]))
    for low in (publisher.key("manager")[0], publisher.key("reader")[0]):
        for path, body in (
            ("uploads", {"size_bytes": 1, "sha256": "a" * 64}), ("releases", {"upload": upload}),
            ("releases/rollback", {"target": "models"}), ("releases/withdraw", {"target": "x"}),
        ):  # fmt: skip
            assert low.ask(f"/api/v1/{path}", body).status_code == 403
        assert put(low, upload, 0, b"x").status_code == 403
        assert low.ask(f"/api/v1/uploads/{upload}", method="DELETE").status_code == 403
    assert put(publisher.stranger, upload, 0, b"x").status_code == 401


@pytest.mark.parametrize("target", ["pack/nothing", "../../x", "pack/", "models", "", "pack/../x"])
def test_what_was_never_announced_is_not_there(publisher: Cloud, target: str) -> None:
    owner, _ = publisher.key("owner")
    for verb in ("rollback", "withdraw"):
        told = owner.told(f"/api/v1/releases/{verb}", {"target": target}, status=404)
        assert "GET /api/v1/releases" in told["error"]
        asked = {"target": "models", "channel": "../" * 5}
        assert owner.ask(f"/api/v1/releases/{verb}", asked).status_code == 404


def test_going_back_needs_something_to_go_back_to(publisher: Cloud, maker: Shop) -> None:
    owner, _ = publisher.key("owner")
    first = published(owner, packed(maker.packs["1"]))
    asked = {"target": "pack/drawn"}
    told = owner.told("/api/v1/releases/rollback", {**asked, "version": "7"}, status=404)
    assert "was not announced before" in told["error"]
    published(owner, packed(maker.packs["2"]))
    archive = publisher.store.data_dir / f"releases/files/{first['release']['sha256']}.tar"
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    told = owner.told("/api/v1/releases/rollback", asked, status=400)
    assert "cut off" in told["error"]
    archive.unlink()
    told = owner.told("/api/v1/releases/rollback", asked, status=409)
    assert "no longer has it" in told["error"]
    [standing] = owner.told("/api/v1/releases")["releases"]
    assert standing["release"]["version"] == "2"
    assert [*(publisher.store.data_dir / "releases" / "uploads").iterdir()] == []


def test_a_cloud_without_keys_or_an_address_says_so(cloud_store: CloudStore, maker: Shop) -> None:
    """And the upload stays: once the settings are right, it is published."""
    bare = Cloud(create_app(cloud_store, CloudConfig()), cloud_store)
    owner, _ = bare.key("owner")
    asked = {"upload": sent(owner, packed(maker.packs["1"]))}
    assert "[files] keys" in owner.told("/api/v1/releases", asked, status=400)["error"]
    for config, status in ((config_of(maker, ""), 400), (config_of(maker), 201)):
        other = Cloud(create_app(cloud_store, config), cloud_store)
        told = Asker(other.app.test_client(), owner.secret).told(
            "/api/v1/releases", asked, status=status
        )
        assert status == 201 or "files.url" in told["error"]


def test_a_device_that_says_nothing_of_it_is_not_listed(publisher: Cloud, maker: Shop) -> None:
    owner, _ = publisher.key("owner")
    publisher.store.take_states({DEVICE: DeviceState(online=True)})
    assert published(owner, packed(maker.packs["1"]))["devices"] == {}
