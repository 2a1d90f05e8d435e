"""Archives uploaded in parts: only what was promised, never half, never for ever."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync.cloud.api import upload_routes
from sync.cloud.api.app import create_app, services
from sync.cloud.api.server import ApiServer
from sync.cloud.store import CloudStore
from sync.cloud.uploads import LASTS, MOST_OPEN, PART_BYTES, Uploads
from tests.sync.api.conftest import Asker, Cloud, config_of, fits
from tests.sync.api.publishing import packed, put, sent
from tests.sync.update_kit import Shop


def test_only_what_was_promised_is_taken(publisher: Cloud, maker: Shop) -> None:
    owner, _ = publisher.key("owner")
    content = packed(maker.packs["1"])
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
    cloud_store: CloudStore, maker: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Cloud(create_app(cloud_store, config_of(maker, upload_mb=1)), cloud_store)
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
    publisher: Cloud, maker: Shop, cloud_store: CloudStore
) -> None:
    owner, _ = publisher.key("owner")
    content = packed(maker.packs["1"])
    digest = hashlib.sha256(content).hexdigest()
    asked = {"size_bytes": len(content), "sha256": digest}
    with ApiServer(cloud_store, config_of(maker)) as server:
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


def test_of_two_who_publish_one_upload_at_once_one_does(publisher: Cloud, maker: Shop) -> None:
    owner, _ = publisher.key("owner")
    asked = {"upload": sent(owner, packed(maker.packs["1"]))}
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
