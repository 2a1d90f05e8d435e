"""The Inventory page's JSON: what it tells, what it changes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from scanner.batches import BatchPlan
from scanner.records import Printing
from scanner.routing import Mode
from tests.stock.skus import sku_file
from tests.webui.served import PageProcess
from tests.webui.shop import NAMES, Shop, identification
from tests.webui.test_hostile import Answer, Client
from tests.webui.test_review_api import say

XSS = '<img src=x onerror="alert(1)">'


def serving(data_dir: Path) -> Iterator[Client]:
    """A page over four cards of three printings."""
    shop = Shop(data_dir)
    plan = BatchPlan(condition="NM", language="en", location="Shelf A")
    batch = shop.store.create_batch(XSS, 0, "usb", Mode.SCAN, plan)
    for number in (1, 1, 2, 3):
        shop.store.commit_scan(
            batch.id or 0, identification(number), feed_key=None, driver="usb", finish="normal"
        )
    server = PageProcess(shop.data_dir)
    yield Client(server)
    server.kill()
    shop.close()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """For tests that change nothing."""
    yield from serving(tmp_path_factory.mktemp("inventory") / "data")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Client]:
    """For tests that change something."""
    yield from serving(tmp_path / "data")


def told(client: Client, path: str = "/api/inventory", **query: object) -> Any:
    answer = client.send("GET", f"{path}?{urlencode(query)}")
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def said(answer: Answer, status: int = 200) -> Any:
    assert answer.status == status, answer.body
    return json.loads(answer.body) if answer.body else None


def test_the_twin_tells_lines_copies_and_totals(client: Client) -> None:
    twin = told(client, sort="quantity", html="1")
    assert (twin["totals"]["lines"], twin["totals"]["copies"], twin["more"]) == (3, 4, False)
    first = twin["lines"][0]
    assert (first["name"], first["quantity"], first["condition"]) == (NAMES[1], 2, "NM")
    assert first["crop"].startswith("/crops/")
    copies = told(client, f"/api/inventory/lines/{first['id']}", html="1")
    assert [copy["number_in_batch"] for copy in copies["copies"]] == [1, 2]
    assert {copy["location"] for copy in copies["copies"]} == {"Shelf A"}
    assert XSS not in copies["html"]
    assert "&lt;img" in copies["html"]
    assert told(client, text="lantern")["totals"]["copies"] == 1
    part = told(client, limit=1, offset=1)
    assert (len(part["lines"]), part["more"]) == (1, True)
    rule = json.dumps({"field": "name", "op": "begins_with", "value": "The"})
    assert told(client, when=rule)["totals"]["copies"] == 1


def test_a_bulk_edit_is_made_and_undone(own: Client) -> None:
    twin = told(own)
    body = {"condition": "LP", "filter": {"text": "tidewatch"}, "up_to": twin["newest"]}
    made = said(say(own, "/api/inventory/edits", body))
    assert (made["cards"], made["summary"]) == (2, "Condition: Lightly played")
    assert told(own, condition="LP")["totals"]["copies"] == 2
    said(say(own, f"/api/inventory/edits/{made['change']}/undo", {}))
    assert told(own, condition="LP")["totals"]["copies"] == 0
    assert [change["stands"] for change in told(own, "/api/inventory/edits")["changes"]] == [False]


def test_lines_of_another_edition_are_not_edited(own: Client) -> None:
    twin = told(own)
    body = {"removed": "sold", "lines": [twin["lines"][0]["id"]], "edition": "another"}
    assert "made anew" in said(say(own, "/api/inventory/edits", body), 409)["error"]
    said(say(own, "/api/inventory/edits", body | {"edition": twin["edition"]}))


def test_saved_filters_come_back_as_they_were_given(own: Client) -> None:
    fields = {"finish": "normal", "price_from": "2.5", "removed": "1"}
    answer = said(say(own, "/api/inventory/filters", {"name": XSS, "filter": fields}))
    assert answer["filters"] == {XSS: {"finish": "normal", "price_from": "2.50", "removed": "1"}}
    page = own.send("GET", "/inventory").body.decode()
    assert XSS not in page
    assert said(say(own, "/api/inventory/filters/remove", {"name": XSS})) == {"filters": {}}


def test_an_export_is_previewed_made_downloaded_and_taken_back(own: Client) -> None:

    printings = [identification(number).printing for number in (1, 2, 3)]
    known = [printing for printing in printings if isinstance(printing, Printing)]
    for printing in known[:2]:
        data = sku_file([printing], "Demo", printing.set)
        data = data.replace(b'"1000', b'"%d000' % (10 + known.index(printing)))
        headers = {"Content_Type": "text/csv"}
        assert said(say(own, "/api/inventory/skus", data.decode(), **headers))["named"] == 10
    asked = {"format": "tcgplayer"}
    preview = said(say(own, "/api/inventory/exports/preview", asked))
    assert (preview["rows"], preview["added"], preview["left_out_copies"]) == (2, 3, 1)
    assert preview["note"] == ""
    assert "does not have this card" in preview["left_out"][0]["reason"]
    made = said(say(own, "/api/inventory/exports", asked), 201)
    file = own.send("GET", made["href"])
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.body.startswith(b'"TCGplayer Id"')
    again = said(say(own, "/api/inventory/exports/preview", asked))
    assert (again["rows"], again["unchanged"]) == (0, 3)
    assert "nothing to export" in said(say(own, "/api/inventory/exports", asked), 400)["error"]
    assert say(own, f"/api/inventory/exports/{made['id']}/take-back", {}).status == 204
    assert said(say(own, "/api/inventory/exports/preview", asked))["rows"] == 2
    assert own.send("GET", f"/inventory/exports/{made['id']}/other.csv").status == 404


def test_the_value_is_told_by_set_and_over_time(client: Client) -> None:
    value = told(client, "/api/inventory/value", html="1")
    assert sum(one["copies"] for one in value["sets"]) == 4
    assert value["days"] == []
    assert "once prices are known" in value["html"]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("edits", {"condition": "LP"}, "not in stock"),
        ("edits", {"filter": {}}, "Say what to change"),
        ("edits", {"condition": "M", "filter": {}}, "no condition"),
        ("edits", {"condition": "LP", "filter": {"shoe": "9"}}, "no field"),
        ("edits", {"condition": "LP", "filter": {"price_from": "cheap"}}, "such as 2.50"),
        ("edits", {"condition": "LP", "filter": {"when": {"all": 3}}}, "all"),
        ("edits", {"condition": "LP", "scans": ["x"]}, "scans"),
        ("edits/99/undo", {}, "no change 99"),
        ("filters", {"name": "", "filter": {"text": "a"}}, "name of 1 to 60"),
        ("filters", {"name": "all", "filter": {}}, "Choose what to filter by"),
        ("exports", {"format": "xml"}, "no format"),
        ("exports/preview", {"format": "csv", "filter": {"removed": "1"}}, "left the stock"),
        ("exports/9/take-back", {}, "no export 9"),
        ("skus", {"a": 1}, "TCGplayer Id"),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: Client, path: str, body: dict[str, Any], words: str
) -> None:
    answer = say(client, f"/api/inventory/{path}", body)
    assert answer.status == 400
    assert words in answer.error


@pytest.mark.parametrize(
    "query",
    ["sort=colour", "offset=-1", "limit=9999", "batch=x", "when=%7B", "added_from=soon", "x=1"],
)
def test_an_address_that_makes_no_sense_is_answered(client: Client, query: str) -> None:
    assert client.send("GET", f"/api/inventory?{query}").status == 400
    page = client.send("GET", f"/inventory?{query}", Accept="text/html")
    assert page.status == 200
    assert b"Traceback" not in page.body


def test_without_a_log_the_page_says_so(tmp_path: Path) -> None:
    server = PageProcess(tmp_path / "empty")
    try:
        client = Client(server)
        assert client.send("GET", "/api/inventory").status == 503
        page = client.send("GET", "/inventory", Accept="text/html")
        assert page.status == 200
        assert b"does not exist yet" in page.body
    finally:
        server.kill()
