"""Packs and models published over REST: uploaded in parts, checked in full, fetched by a device."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
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
from sync.cloud.api import release_routes, upload_routes
from sync.cloud.api.app import create_app, services
from sync.cloud.api.server import ApiServer
from sync.cloud.config import CloudConfig
from sync.cloud.releases import Releases
from sync.cloud.store import CloudStore
from sync.cloud.uploads import LASTS, MOST_OPEN, PART_BYTES, Uploads
from sync.fleet import Fleet
from sync.protocol import DeviceState
from tests.sync.api.conftest import Asker, Cloud, fits
from tests.sync.conftest import DEVICE, Running, pairing, service, until
from tests.sync.test_update_models import models_folder
from tests.sync.update_kit import IMPATIENT, Shop, make_shop

FILES = "https://cloud.example/files"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(tmp_path_factory.mktemp("shop"))


def config_of(shop: Shop, url: str = FILES, **files: Any) -> CloudConfig:
    return CloudConfig.model_validate(
        {"http": {"port": 0}, "files": {"url": url, "keys": [shop.public], **files}}
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CloudStore]:
    with CloudStore(tmp_path / "cloud") as opened:
        yield opened


@pytest.fixture
def publisher(store: CloudStore, shop: Shop) -> Cloud:
    """A cloud whose API trusts the shop's key."""
    return Cloud(create_app(store, config_of(shop)), store)


def packed(folder: Path, change: Callable[[tarfile.TarFile], None] | None = None) -> bytes:
    """A tar of a folder's files, as anybody would make it; `change` adds what has no place."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, path.relative_to(folder).as_posix(), recursive=False)
        if change is not None:
            change(archive)
    return out.getvalue()


def sent(asker: Asker, content: bytes, sha256: str = "") -> str:
    """Upload an archive in parts; the upload's id."""
    promised = {
        "size_bytes": len(content), "sha256": sha256 or hashlib.sha256(content).hexdigest()
    }  # fmt: skip
    upload = asker.told("/api/v1/uploads", promised, status=201)
    while (offset := upload["received_bytes"]) < len(content):
        answer = put(asker, upload["id"], offset, content[offset : offset + upload["part_bytes"]])
        assert answer.status_code == 200, answer.get_data(as_text=True)
        upload = answer.get_json()
    return str(upload["id"])


def put(asker: Asker, upload_id: str, offset: int | str, part: bytes) -> Any:
    return asker.client.put(
        f"/api/v1/uploads/{upload_id}?offset={offset}", data=part,
        content_type="application/octet-stream",
        headers={"Authorization": f"Bearer {asker.secret}"},
    )  # fmt: skip


def published(asker: Asker, content: bytes, **asked: Any) -> dict[str, Any]:
    told: dict[str, Any] = asker.told(
        "/api/v1/releases", {"upload": sent(asker, content), **asked}, status=201
    )
    return told


def refused(asker: Asker, content: bytes, status: int = 400, **asked: Any) -> str:
    """Why an upload is not announced; nothing of it stays, in no folder either."""
    before = asker.told("/api/v1/releases")
    told = asker.told("/api/v1/releases", {"upload": sent(asker, content), **asked}, status=status)
    assert asker.told("/api/v1/releases") == before
    assert asker.told("/api/v1/uploads") == {"uploads": []}
    return str(told["error"])


def test_an_uploaded_pack_is_used_by_a_device_and_gone_back_from(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running, shop: Shop, tmp_path: Path,
) -> None:  # fmt: skip
    """Over real HTTP and a real broker; the API is a process's worth of its own."""
    paired = pairing(broker.port).model_copy(update={"trusted_keys": (shop.public,)})
    fleet = Fleet(load_settings(data_dir=filled.data_dir), device_store, paired, limits=IMPATIENT)
    running.start(service(cloud_store, broker.port))
    running.start(Agent(device_store, paired, fleet=fleet, longest_back_off_s=0.2))
    with CloudStore(tmp_path / "cloud") as own, ApiServer(own, config_of(shop)) as files:
        url = f"http://127.0.0.1:{files.port}"
        config = config_of(shop, f"{url}/files")
        publisher = Cloud(create_app(own, config), own)
        owner, _ = publisher.key("owner")
        library = Library(filled.data_dir)
        for version in ("1", "2"):
            published(owner, packed(shop.packs[version]))
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


def test_what_is_announced_is_told_and_withdrawn(publisher: Cloud, shop: Shop) -> None:
    owner, _ = publisher.key("owner")
    reader, _ = publisher.key("reader")
    assert reader.told("/api/v1/releases") == {"releases": []}
    first = published(owner, packed(shop.packs["1"]))
    fits(release_routes.Announced, first, "published")
    assert (first["target"], first["release"]["version"]) == ("pack/drawn", "1")
    assert first["release"]["url"] == f"{FILES}/{first['release']['sha256']}.tar"
    archive = owner.ask(f"/files/{first['release']['sha256']}.tar")
    assert hashlib.sha256(archive.data).hexdigest() == first["release"]["sha256"]
    published(owner, packed(shop.packs["2"]), channel="beta", about="Two new sets")
    published(owner, packed(shop.packs["2"]))
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


def test_models_are_published_alike(publisher: Cloud, shop: Shop, tmp_path: Path) -> None:
    owner, _ = publisher.key("owner")
    bundle = tmp_path / "bundle"
    written = write_bundle(models_folder(tmp_path / "models"), bundle)
    assert "not signed" in refused(owner, packed(bundle))
    sign_file(bundle / BUNDLE, bundle / MODELS_SIGNATURE, "models", read_private_key(shop.key))
    told = published(owner, packed(bundle))
    assert (told["target"], told["release"]["version"]) == ("models", written.version)
    reader = next(bundle.glob("*.tflite"))
    reader.write_bytes(reader.read_bytes()[:-1] + b"x")
    assert "checksum differs" in refused(owner, packed(bundle))


def test_an_older_pack_comes_as_a_rollback_only(publisher: Cloud, shop: Shop) -> None:
    owner, _ = publisher.key("owner")
    published(owner, packed(shop.packs["2"]))
    upload = sent(owner, packed(shop.packs["1"]))
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
    publisher: Cloud, shop: Shop, tmp_path: Path, change: Callable[[tarfile.TarFile], None]
) -> None:
    owner, _ = publisher.key("owner")
    said = refused(owner, packed(shop.packs["1"], change))
    assert "no place in it" in said or "twice" in said
    assert str(tmp_path) not in said
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


def test_what_is_altered_unsigned_or_anothers_is_refused(
    publisher: Cloud, shop: Shop, tmp_path: Path
) -> None:
    owner, _ = publisher.key("owner")
    pack = tmp_path / "pack"

    def fresh() -> Path:
        shutil.rmtree(pack, ignore_errors=True)
        shutil.copytree(shop.packs["1"], pack)
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


def test_only_what_was_promised_is_taken(publisher: Cloud, shop: Shop) -> None:
    owner, _ = publisher.key("owner")
    content = packed(shop.packs["1"])
    told = owner.told("/api/v1/releases", {"upload": sent(owner, content, "0" * 64)}, status=400)
    assert "SHA-256 differs" in told["error"]
    whole = {"size_bytes": 10, "sha256": "1" * 64}
    upload = owner.told("/api/v1/uploads", whole, status=201)
    fits(upload_routes.UploadShown, upload, "upload")
    assert put(owner, upload["id"], 0, b"12345").status_code == 200
    for offset, part in ((0, b"1"), (4, b"1"), (6, b"1")):
        answer = put(owner, upload["id"], offset, part)
        assert (answer.status_code, "5 bytes are here" in answer.json["error"]) == (409, True)
    assert put(owner, upload["id"], 5, b"123456").status_code == 400
    assert put(owner, upload["id"], "x", b"1").status_code == 400
    assert put(owner, upload["id"], -1, b"1").status_code == 400
    answer = put(owner, upload["id"], 5, bytes(PART_BYTES + 1))
    assert (answer.status_code, "1024 KiB" in answer.json["error"]) == (413, True)
    told = owner.told("/api/v1/releases", {"upload": upload["id"]}, status=409)
    assert "5 bytes of the archive are not here yet" in told["error"]
    # Who begins the same once more goes on with it.
    again = owner.told("/api/v1/uploads", whole, status=201)
    assert (again["id"], again["received_bytes"]) == (upload["id"], 5)
    fits(upload_routes.UploadList, owner.told("/api/v1/uploads"), "uploads")
    assert owner.ask(f"/api/v1/uploads/{upload['id']}", method="DELETE").status_code == 204
    assert owner.ask(f"/api/v1/uploads/{upload['id']}").status_code == 404
    assert put(owner, upload["id"], 5, b"1").status_code == 404


def test_what_is_too_large_or_too_much_is_not_begun(
    store: CloudStore, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Cloud(create_app(store, config_of(shop, upload_mb=1)), store)
    owner, _ = small.key("owner")

    def begun(size_bytes: int, status: int, digit: str = "a") -> Any:
        asked = {"size_bytes": size_bytes, "sha256": digit * 64}
        return owner.told("/api/v1/uploads", asked, status=status)

    assert "takes 1 MB at most" in begun(1_000_001, 413)["error"]
    begun(0, 400)
    begun(2**62, 400)
    for number in range(MOST_OPEN):
        begun(1_000_000, 201, f"{number}")
    assert f"{MOST_OPEN} uploads" in begun(1000, 409, "b")["error"]
    monkeypatch.setattr(services(small.app).uploads, "_reserve_bytes", 10**18)
    for upload in owner.told("/api/v1/uploads")["uploads"]:
        assert owner.ask(f"/api/v1/uploads/{upload['id']}", method="DELETE").status_code == 204
    assert "no room" in begun(1000, 507)["error"]


def test_what_is_never_finished_goes_after_a_day(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, 100, reserve_bytes=0)
    upload = uploads.begin(10, "a" * 64, "Olga")
    place = tmp_path / upload.id
    about = place / "about.json"
    then = upload.begun_at - LASTS - timedelta(minutes=1)
    about.write_text(about.read_text().replace(upload.begun_at.isoformat(), then.isoformat()))
    assert uploads.find(upload.id) is None
    os.utime(place, (then.timestamp(), then.timestamp()))
    assert uploads.all() == []
    assert [*tmp_path.iterdir()] == []


def test_a_cut_upload_leaves_nothing_half_and_goes_on(
    publisher: Cloud, shop: Shop, store: CloudStore
) -> None:
    owner, _ = publisher.key("owner")
    content = packed(shop.packs["1"])
    digest = hashlib.sha256(content).hexdigest()
    asked = {"size_bytes": len(content), "sha256": digest}
    with ApiServer(store, config_of(shop)) as server:
        url = f"http://127.0.0.1:{server.port}"
        headers = {"Authorization": f"Bearer {owner.secret}"}
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            upload = client.post("/api/v1/uploads", json=asked).raise_for_status().json()
            address = f"/api/v1/uploads/{upload['id']}"
            half = min(len(content) // 2, PART_BYTES)
            client.put(f"{address}?offset=0", content=content[:half]).raise_for_status()
            with socket.create_connection(("127.0.0.1", server.port), 60) as cut:
                head = (
                    f"PUT {address}?offset={half} HTTP/1.1\r\nHost: x\r\n"
                    f"Authorization: Bearer {owner.secret}\r\nContent-Length: 4000\r\n\r\n"
                )
                cut.sendall(head.encode() + content[half : half + 1000])
            assert client.get(address).json()["received_bytes"] == half
            told = client.post("/api/v1/releases", json={"upload": upload["id"]})
            assert told.status_code == 409
            assert client.get("/api/v1/releases").json() == {"releases": []}
            while half < len(content):
                part = content[half : half + PART_BYTES]
                answer = client.put(f"{address}?offset={half}", content=part)
                half = answer.raise_for_status().json()["received_bytes"]
            told = client.post("/api/v1/releases", json={"upload": upload["id"]})
            assert told.status_code == 201, told.text
            assert client.get(address).status_code == 404


def test_a_full_disk_announces_nothing_and_the_next_try_needs_no_upload(
    publisher: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, _ = publisher.key("owner")
    asked = {"upload": sent(owner, packed(shop.packs["1"]))}

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


def test_of_two_who_publish_one_upload_at_once_one_does(publisher: Cloud, shop: Shop) -> None:
    owner, _ = publisher.key("owner")
    asked = {"upload": sent(owner, packed(shop.packs["1"]))}
    together = threading.Barrier(4)

    def publish(_: int) -> int:
        asker = Asker(publisher.app.test_client(), owner.secret)
        together.wait(60)
        return asker.ask("/api/v1/releases", asked).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(publish, range(4)))
    assert statuses[0] == 201
    assert set(statuses[1:]) <= {404, 409}
    assert len(owner.told("/api/v1/releases")["releases"]) == 1


def test_only_an_owner_publishes(publisher: Cloud, shop: Shop) -> None:
    owner, _ = publisher.key("owner")
    upload = sent(owner, packed(shop.packs["1"]))
    for low in (publisher.key("manager")[0], publisher.key("reader")[0]):
        for path, body in (
            ("uploads", {"size_bytes": 1, "sha256": "a" * 64}), ("releases", {"upload": upload}),
            ("releases/rollback", {"target": "models"}), ("releases/withdraw", {"target": "x"}),
        ):  # fmt: skip
            assert low.ask(f"/api/v1/{path}", body).status_code == 403
        assert put(low, upload, 0, b"x").status_code == 403
        assert low.ask(f"/api/v1/uploads/{upload}", method="DELETE").status_code == 403
    assert put(publisher.stranger, upload, 0, b"x").status_code == 401


@pytest.mark.parametrize(
    "name", ["../../x", "..%2f..%2fx", "%00", "x" * 32, "A" * 32, "back-1", "."]
)
def test_an_upload_is_named_by_its_id_only(publisher: Cloud, name: str) -> None:
    owner, _ = publisher.key("owner")
    (publisher.store.data_dir / "releases" / "uploads" / "back-1").mkdir(parents=True)
    for method in ("GET", "PUT", "DELETE"):
        answer = owner.ask(f"/api/v1/uploads/{name}?offset=0", method=method)
        assert answer.status_code in (404, 405), (method, name)
    told = owner.ask("/api/v1/releases", {"upload": name})
    assert told.status_code in (400, 404)


@pytest.mark.parametrize("target", ["pack/nothing", "../../x", "pack/", "models", "", "pack/../x"])
def test_what_was_never_announced_is_not_there(publisher: Cloud, target: str) -> None:
    owner, _ = publisher.key("owner")
    for verb in ("rollback", "withdraw"):
        told = owner.told(f"/api/v1/releases/{verb}", {"target": target}, status=404)
        assert "GET /api/v1/releases" in told["error"]
        asked = {"target": "models", "channel": "../" * 5}
        assert owner.ask(f"/api/v1/releases/{verb}", asked).status_code == 404


def test_going_back_needs_something_to_go_back_to(publisher: Cloud, shop: Shop) -> None:
    owner, _ = publisher.key("owner")
    first = published(owner, packed(shop.packs["1"]))
    asked = {"target": "pack/drawn"}
    told = owner.told("/api/v1/releases/rollback", {**asked, "version": "7"}, status=404)
    assert "was not announced before" in told["error"]
    published(owner, packed(shop.packs["2"]))
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


def test_a_cloud_without_keys_or_an_address_says_so(store: CloudStore, shop: Shop) -> None:
    """And the upload stays: once the settings are right, it is published."""
    bare = Cloud(create_app(store, CloudConfig()), store)
    owner, _ = bare.key("owner")
    asked = {"upload": sent(owner, packed(shop.packs["1"]))}
    assert "[files] keys" in owner.told("/api/v1/releases", asked, status=400)["error"]
    for config, status in ((config_of(shop, ""), 400), (config_of(shop), 201)):
        other = Cloud(create_app(store, config), store)
        told = Asker(other.app.test_client(), owner.secret).told(
            "/api/v1/releases", asked, status=status
        )
        assert status == 201 or "files.url" in told["error"]


def test_a_device_that_says_nothing_of_it_is_not_listed(publisher: Cloud, shop: Shop) -> None:
    owner, _ = publisher.key("owner")
    publisher.store.take_states({DEVICE: DeviceState(online=True)})
    assert published(owner, packed(shop.packs["1"]))["devices"] == {}
