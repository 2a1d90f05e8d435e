"""Uploads in Chromium and over the JSON: each picture its own result, limits with clear words."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from scanner.batches import BatchPlan
from scanner.records import Decision
from scanner.store import Store
from scanner.tables_uploads import UploadResult
from scanner.uploads import next_in_turn
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import NAMES, Shop, draw_card, identification
from tests.webui.test_hostile import TOKEN, Answer, Client

pytestmark = pytest.mark.browser

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


def jpeg(number: int) -> bytes:
    return cv2.imencode(".jpg", draw_card(number, NAMES[number % len(NAMES)]))[1].tobytes()


class Reading:
    """The feed process's side: settles pictures as `firmware.upload_thread` does."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.last = ""
        self.read = 0

    def one(self, decision: Decision = Decision.ACCEPTED) -> None:
        turn = next_in_turn(self.store.waiting_uploads(), self.last)
        assert turn is not None
        self.last = turn.client
        self.read += 1
        batch = self.store.batch_of_upload(turn.upload_id)
        if batch is None:
            upload = self.store.upload(turn.upload_id)
            assert upload is not None
            plan = BatchPlan(upload_id=turn.upload_id)
            batch = self.store.create_batch(upload.name, 0, "upload", plan=plan)
        scan = self.store.commit_scan(
            batch.id or 0, identification(self.read, decision), feed_key=None, driver="upload"
        )
        self._done(turn.picture_id, scan_id=scan.id)

    def none(self, problem: str) -> None:
        turn = next_in_turn(self.store.waiting_uploads(), self.last)
        assert turn is not None
        self._done(turn.picture_id, problem=problem)

    def _done(self, picture_id: int, **fields: Any) -> None:
        picture = self.store.picture(picture_id)
        assert picture is not None
        self.store.add_upload_result(
            UploadResult(picture_id=picture_id, sha256=picture.sha256, tried_with="p", **fields)
        )


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "pile"
    folder.mkdir()
    for number in range(1, 6):
        (folder / f"card {number}.jpg").write_bytes(jpeg(number))
    (folder / "notes.txt").write_text("no picture")
    (folder / "torn.jpg").write_bytes(jpeg(9)[:2000])
    return sorted(folder.iterdir())


@pytest.mark.parametrize("size", SIZES)
def test_several_pictures_at_once_each_with_its_own_result(
    shop: Shop, serve: Serve, look: Look, pictures: list[Path], size: str
) -> None:
    shop.keep_showing(state="idle", view="nothing")
    watched = look(serve().url + "/batches/upload", size)
    page = watched.page
    watched.picture(f"upload-empty-{size}")
    page.locator("#about summary").click()
    page.locator("#name").fill("Attic finds")
    page.locator("#condition").select_option("LP")
    page.locator("#files").set_input_files(pictures)
    expect(page.locator('.up[data-state="waiting"]')).to_have_count(5)
    expect(page.locator('.up[data-state="refused"]')).to_have_count(2)
    refused = page.locator('.up[data-state="refused"]')
    expect(refused.filter(has_text="notes.txt")).to_contain_text("is not a JPEG, PNG or WebP")
    expect(refused.filter(has_text="torn.jpg")).to_contain_text("is cut off")
    reading = Reading(shop.store)
    reading.one()
    reading.one(Decision.REVIEW)
    reading.none("no card was found in this picture")
    expect(page.locator('.up[data-state="done"]')).to_have_count(2)
    expect(page.locator("#counts")).to_have_text("2 wait · 2 read · 1 without a card · 2 refused")
    first = page.locator(".up").filter(has_text="card 1.jpg")
    expect(first.locator(".up-title")).to_have_text(NAMES[1])
    expect(first.locator(".mark")).to_have_text("Accepted")
    watched.picture(f"upload-{size}")
    page.locator("#stop").click()
    expect(page.locator('.up[data-state="stopped"]')).to_have_count(2)
    page.locator("#to-batch").click()
    expect(page.locator("#batch-name")).to_have_text("Attic finds")
    expect(page.locator("#pill")).to_have_text("Upload")
    expect(page.locator(".shot")).to_have_count(2)
    fits(page)
    errors = [error for error in watched.errors if "422" not in error]
    assert errors == []


def test_the_same_pile_is_noticed_and_counted_again_only_when_asked(
    shop: Shop, serve: Serve, look: Look, pictures: list[Path]
) -> None:
    shop.keep_showing(state="idle", view="nothing")
    url = serve().url + "/batches/upload"
    cards = [path for path in pictures if path.name.startswith("card")]
    page = look(url).page
    page.locator("#files").set_input_files(cards)
    expect(page.locator('.up[data-state="waiting"]')).to_have_count(5)
    reading = Reading(shop.store)
    for _ in cards:
        reading.one()
    expect(page.locator('.up[data-state="done"]')).to_have_count(5)

    watched = look(url)
    page = watched.page
    page.locator("#files").set_input_files(cards)
    expect(page.locator("#before-title")).to_have_text("This pile was scanned before")
    expect(page.locator("#before-text")).to_contain_text("They are not counted twice.")
    assert shop.store.waiting_uploads() == []
    watched.picture("upload-again-1280")
    page.locator("#count-again").click()
    expect(page.locator('.up[data-state="waiting"]')).to_have_count(5)
    reading.one()
    page.reload()
    expect(page.locator(".up")).to_have_count(10)
    expect(page.locator('.up[data-state="done"]')).to_have_count(1)
    watched.hosts.discard("")  # a picture shown from the browser itself
    watched.is_well()


def test_a_folder_that_is_dropped_is_read_with_all_in_it(
    shop: Shop, serve: Serve, look: Look, pictures: list[Path]
) -> None:
    watched = look(serve().url + "/batches/upload")
    page = watched.page
    page.locator("#folder").set_input_files(pictures[0].parent)
    expect(page.locator('.up[data-state="waiting"]')).to_have_count(5)
    expect(page.locator("#silent")).to_be_visible()
    data = page.evaluate_handle(
        """() => { const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(9)], "dropped.png", { type: "image/png" }));
        return transfer; }"""
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": data})
    expect(page.locator(".up").filter(has_text="dropped.png")).to_contain_text("Refused")


@pytest.fixture
def client(shop: Shop, serve: Serve) -> Client:
    return Client(serve())


def post(client: Client, path: str, body: bytes, kind: str = "application/octet-stream") -> Answer:
    return client.send(
        "POST", path, body, Content_Type=kind, Cookie=f"counterscan_csrf={TOKEN}",
        X_CSRF_Token=TOKEN, Origin=f"http://{client.host}",
    )  # fmt: skip


def begun(client: Client, name: str = "api") -> int:
    answer = post(client, "/api/uploads", json.dumps({"name": name}).encode(), "application/json")
    assert answer.status == 201, answer.body
    return int(json.loads(answer.body)["upload"]["id"])


def bomb() -> bytes:
    """A PNG that says it has 40,000 × 40,000 pixels."""
    small = bytearray(cv2.imencode(".png", np.zeros((64, 64, 3), np.uint8))[1].tobytes())
    small[16:24] = (40_000).to_bytes(4, "big") * 2
    return bytes(small)


def test_pictures_come_over_the_api_one_by_one_or_several_in_a_form(
    client: Client, shop: Shop
) -> None:
    number = begun(client)
    one = post(client, f"/api/uploads/{number}/pictures?name=..%2F..%2Fetc%2Fa.jpg", jpeg(1))
    assert one.status == 201
    [picture] = json.loads(one.body)["pictures"]
    assert (picture["name"], picture["state"]) == ("a.jpg", "waiting")
    parts = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n\r\n%s\r\n'
        % (name, data)
        for name, data in ((b"b.jpg", jpeg(2)), (b"b again.jpg", jpeg(2)), (b"c.gif", b"GIF89a"))
    )
    several = post(
        client, f"/api/uploads/{number}/pictures", parts + b"--x--\r\n",
        "multipart/form-data; boundary=x",
    )  # fmt: skip
    assert several.status == 201, several.body
    states = [picture["state"] for picture in json.loads(several.body)["pictures"]]
    assert states == ["waiting", "again", "refused"]
    told = json.loads(client.send("GET", f"/api/uploads/{number}").body)
    assert told["upload"]["counts"] == {
        "waiting": 2, "done": 0, "failed": 0, "refused": 1, "again": 1, "stopped": 0, "total": 4,
    }  # fmt: skip
    listed = json.loads(client.send("GET", "/api/uploads").body)
    assert (listed["uploads"][0]["name"], listed["hit_rate"]) == ("api", 0.0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is empty"),
        (b"GIF89a", "is not a JPEG, PNG or WebP picture"),
        (b"\xff\xd8\xff\xe0", "is cut off"),
        (jpeg(1)[:-4000], "is cut off"),
        (bomb(), "has 40000×40000 pixels; make it smaller than 50 megapixels"),
        (b"\x00" * 1000, "is not a JPEG, PNG or WebP picture"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_reason(
    client: Client, shop: Shop, body: bytes, words: str
) -> None:
    number = begun(client)
    answer = post(client, f"/api/uploads/{number}/pictures?name=odd.jpg", body)
    assert answer.status == 422, answer.body
    assert answer.error.startswith("odd.jpg ")
    assert words in answer.error
    assert shop.store.waiting_uploads() == []
    assert not list((shop.data_dir / "uploads").glob("*"))


def test_a_picture_that_is_too_large_is_refused_before_it_is_read(client: Client) -> None:
    number = begun(client)
    path = f"/api/uploads/{number}/pictures"
    for length, status in ((27_000_000, 413), (400_000_000_000, 413)):
        connection = http.client.HTTPConnection("127.0.0.1", client.server.port, timeout=60)
        connection.putrequest("POST", path, skip_host=True)
        for name, value in (
            ("Host", client.host), ("Content-Length", str(length)), ("X-CSRF-Token", TOKEN),
            ("Cookie", f"counterscan_csrf={TOKEN}"), ("Content-Type", "application/octet-stream"),
        ):  # fmt: skip
            connection.putheader(name, value)
        connection.endheaders()
        if length < 100_000_000:
            connection.send(b"x" * length)
        assert connection.getresponse().status == status
        connection.close()
    assert post(client, "/api/uploads/999/pictures", jpeg(1)).status == 404
    assert client.send("GET", "/healthz").status == 200


def test_what_waits_and_what_was_known_is_in_the_metrics(client: Client, shop: Shop) -> None:
    number = begun(client)
    for card in range(2):
        assert post(client, f"/api/uploads/{number}/pictures", jpeg(card)).status == 201
    Reading(shop.store).one()
    told = client.send("GET", "/metrics").body.decode()
    for line in (
        "counterscan_upload_pictures_waiting 1",
        'counterscan_upload_pictures_total{outcome="read"} 1',
        "counterscan_upload_hit_rate 0",
    ):
        assert f"\n{line}\n" in told
