from __future__ import annotations

import csv
import io
import logging
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from scanner.catalog.disk import locked
from scanner.cli import main
from scanner.tables import utc_now
from sync.cloud.config import CloudConfig
from sync.cloud.jobs import Job, JobContext
from sync.cloud.prices import due_publications, now_ms
from sync.cloud.scheduler import Scheduler
from sync.cloud.sources.book_sql import SqlBook
from sync.cloud.sources.catalogs import Catalogs
from sync.cloud.sources.collector import LOCK, Collector
from sync.cloud.sources.health import source_health
from sync.cloud.sources.http import SourceClient
from sync.cloud.sources.job import collect_due
from sync.cloud.sources.records import Kind, Link, Outcome, Reach
from sync.cloud.sources.registry import make_sources
from sync.cloud.sources.schedule import Job as SourceJob
from sync.cloud.sources.settings import SourcesSettings
from sync.cloud.store import CloudStore
from sync.cloud.tables import LOG_TABLES, PRICE
from tests.sync.sources.cards import price, product, results
from tests.sync.sources.web import FakeClock, Web, raw, status, told, validated
from tests.sync.test_wire import LOG

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ALL = SourceJob("tcgcsv", "pokemon", Reach.ALL)
NEWT = ("th-4", "Glimmer Newt", "4/60")
WING = ("th-1", "Brasswing", "1/60")


def scanned(store: CloudStore, *cards: tuple[str, str, str], again: int = 0) -> None:
    """Scans of a device, so that the cloud knows these printings."""
    table = LOG_TABLES["scan"]
    empty = {column.name: None if column.nullable else "" for column in table.c}
    rows = [
        {
            **empty, "device": "counter-1", "log": LOG, "id": 100 * again + number + 1,
            "created_at": utc_now(), "reasons": [], "batch_id": 1, "sequence": number + 1,
            "score": 1.0, "upside_down": False, "bin": 0, "decision": "accepted",
            "game": "pokemon", "card_id": card_id, "name": name, "number": number_,
            "set_name": "Tin Harbour", "finish": "normal",
        }
        for number, (card_id, name, number_) in enumerate(cards)
    ]  # fmt: skip
    with store.log.write() as session:
        session.connection().execute(insert(table), rows)


def serve(web: Web, newt: Any = 0.5, etag: str = "", stamp: str = "01") -> None:
    prices = results(price(4, newt), price(1, 3))
    web.routes.update(
        {
            "/tcgcsv/last-updated.txt": raw(
                f"2026-05-{stamp}T20:05:30+0000".encode(), ETag=f'"{stamp}"'
            ),
            "/tcgcsv/tcgplayer/3/groups": told(
                results({"groupId": 77, "name": "Tin Harbour"}, {"groupId": 8, "name": "Other"})
            ),
            "/tcgcsv/tcgplayer/3/77/products": told(
                results(product(4, "Glimmer Newt", "4/60"), product(1, "Brasswing", "1/60"))
            ),
            "/tcgcsv/tcgplayer/3/77/prices": validated(prices, etag) if etag else told(prices),
        }
    )


def settings(web: Web, **more: Any) -> SourcesSettings:
    return SourcesSettings(**{"mirror": web.url, "only": "tcgcsv", "collect": True, **more})


class Kit:
    """A collector with its book and clock, on a store."""

    def __init__(self, store: CloudStore, web: Web, clock: FakeClock, **more: Any) -> None:
        self.book = SqlBook(store, {"tcgcsv": 2500})
        self.sources = make_sources(settings(web, **more), self.book, clock)
        self.collector = Collector(
            store, Catalogs(store.data_dir, self.book), self.sources, self.book, clock
        )


def stored(store: CloudStore) -> dict[str, tuple[int, str]]:
    with store.log.read() as session:
        rows = session.connection().execute(select(PRICE)).mappings().all()
    return {row["card_id"]: (row["amount_minor"], f"{row['as_of']:%d}") for row in rows}


@pytest.fixture
def kit(either_cloud: CloudStore, web: Web, clock: FakeClock) -> Iterator[Kit]:
    scanned(either_cloud, NEWT, WING)
    made = Kit(either_cloud, web, clock)
    yield made
    for each in made.sources:
        each.source.close()


def test_prices_reach_the_devices_feed(
    kit: Kit, either_cloud: CloudStore, web: Web, clock: FakeClock
) -> None:
    serve(web)
    done = kit.collector.run(ALL)
    assert (done.outcome, done.prices, done.changed, done.left_out) == (Outcome.DONE, 2, 2, 1)
    assert stored(either_cloud) == {"th-4": (50, "01"), "th-1": (300, "01")}
    (publication,) = due_publications(either_cloud, now_ms())
    assert publication.topic.endswith("prices/pokemon/Tin%20Harbour/snapshot")
    (left,) = kit.book.left_out("tcgcsv", "pokemon")
    assert (left["kind"], left["their_id"], left["why"]) == (
        "set", "Other", "no set of ours has this name",
    )  # fmt: skip
    (day,) = kit.book.usage(clock.now().date())
    assert (day.source, day.requests, day.cost_micro) == ("tcgcsv", 4, 10_000)
    assert kit.collector.due() == []
    clock.wait(21 * 3600)
    assert kit.collector.due() == [ALL]


def test_unchanged_data_is_not_fetched_twice_and_its_prices_are_as_new_as_the_source_says(
    kit: Kit, either_cloud: CloudStore, web: Web
) -> None:
    serve(web, etag='"p1"')
    web.routes["/tcgcsv/last-updated.txt"] = validated({}, '"one"')
    kit.collector.run(ALL)
    web.requests.clear()
    assert kit.collector.run(ALL).outcome is Outcome.UNCHANGED
    assert web.paths() == ["/tcgcsv/last-updated.txt"]
    serve(web, etag='"p1"', stamp="02")
    web.requests.clear()
    done = kit.collector.run(ALL)
    assert (done.prices, done.changed) == (2, 0)
    assert "/tcgcsv/tcgplayer/3/77/products" not in web.paths()
    assert {day for _, day in stored(either_cloud).values()} == {"02"}


@pytest.mark.parametrize("source", ["tcgcsv", "scryfall"])
def test_a_server_without_validators_is_not_asked_for_the_same_prices_twice(
    cloud_store: CloudStore, web: Web, clock: FakeClock, source: str
) -> None:
    scanned(cloud_store, NEWT, WING)
    serve(web)
    web.routes["/tcgcsv/last-updated.txt"] = raw(b"2026-05-01T20:05:30+0000")
    file = {"type": "default_cards", "updated_at": "2026-05-01T21:00:00+00:00",
            "download_uri": f"{web.url}/scryfall/file.json"}  # fmt: skip
    web.routes["/scryfall/bulk-data"] = told({"data": [file]})
    web.routes["/scryfall/file.json"] = told([{"id": "a", "prices": {}}])
    made = Kit(cloud_store, web, clock, only=source)
    job = SourceJob(source, "pokemon", Reach.ALL)
    assert made.collector.run(job).outcome is Outcome.DONE
    web.requests.clear()
    assert made.collector.run(job).outcome is Outcome.UNCHANGED
    assert len(web.requests) == 1
    web.routes["/tcgcsv/last-updated.txt"] = raw(b"2026-05-02T20:05:30+0000")
    web.routes["/scryfall/bulk-data"] = told({"data": [{**file, "updated_at": "2026-05-02"}]})
    assert made.collector.run(job).outcome is Outcome.DONE
    for each in made.sources:
        each.source.close()


def test_another_card_in_the_shop_makes_everything_wanted_again(
    kit: Kit, either_cloud: CloudStore, web: Web
) -> None:
    serve(web, etag='"p1"')
    kit.collector.run(ALL)
    scanned(either_cloud, ("th-9", "Old Lantern", "9/60"), again=1)
    web.requests.clear()
    kit.collector.run(ALL)
    assert "/tcgcsv/tcgplayer/3/77/products" in web.paths()


def test_a_source_that_is_down_leaves_the_last_prices_with_their_age(
    kit: Kit, either_cloud: CloudStore, web: Web, clock: FakeClock
) -> None:
    serve(web)
    kit.collector.run(ALL)
    serve(web, newt=9, stamp="02")
    web.routes["/tcgcsv/tcgplayer/3/77/prices"] = status(500)
    done = kit.collector.run(ALL)
    assert done.outcome is Outcome.FAILED
    assert done.retryable
    assert "500" in done.problem
    assert stored(either_cloud) == {"th-4": (50, "01"), "th-1": (300, "01")}
    assert kit.collector.due() == []
    clock.wait(700)
    assert kit.collector.due() == [ALL]
    serve(web, newt=9, stamp="02")
    assert kit.collector.run(ALL).changed == 1


def test_one_sources_trouble_is_no_others(
    cloud_store: CloudStore, web: Web, clock: FakeClock
) -> None:
    scanned(cloud_store, NEWT, WING)
    serve(web)
    web.routes["/pokemontcg/sets"] = status(500)
    both = Kit(cloud_store, web, clock, only="tcgcsv, pokemontcg")
    runs = [both.collector.run(job) for job in both.collector.due() for _ in range(3)]
    done = [run.outcome for run in runs if run.source == "tcgcsv"]
    assert done == [Outcome.DONE, Outcome.UNCHANGED, Outcome.UNCHANGED]
    failed = [run for run in runs if run.source == "pokemontcg"]
    assert [run.outcome for run in failed] == [Outcome.FAILED] * 3
    assert sum(path.startswith("/pokemontcg") for path in web.paths()) == 5  # then it is left alone
    assert "too often" in failed[-1].problem
    health = {each.source: each for each in source_health(both.book.runs_since(LONG_AGO))}
    assert health["tcgcsv"].is_good
    assert (health["pokemontcg"].failures, health["pokemontcg"].good_at) == (3, None)
    clock.wait(3700)
    web.routes["/pokemontcg/sets"] = told({"data": [{"id": "zz", "name": "Elsewhere"}]})
    again = SourceJob("pokemontcg", "pokemon", Reach.ALL)
    assert again in both.collector.due()
    assert both.collector.run(again).outcome is Outcome.DONE
    assert both.sources[1].state == "closed"
    for each in both.sources:
        each.source.close()


def test_a_crash_between_storing_and_remembering_loses_nothing(
    kit: Kit, either_cloud: CloudStore, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(web, etag='"p1"')
    monkeypatch.setattr(
        "sync.cloud.sources.collector.tell_prices", lambda *_: (_ for _ in ()).throw(KeyError("x"))
    )
    assert kit.collector.run(ALL).outcome is Outcome.FAILED
    monkeypatch.undo()
    assert kit.collector.run(ALL).changed == 2


def test_a_persons_word_on_an_id_is_never_replaced(kit: Kit) -> None:
    mine = Link("pokemon", Kind.TCGPLAYER, "4", "th-1", is_by_hand=True)
    theirs = Link("pokemon", Kind.TCGPLAYER, "4", "th-4")
    kit.book.add_links([theirs])
    kit.book.add_links([mine])
    kit.book.add_links([theirs])
    assert kit.book.links("pokemon") == [mine]


def test_the_most_scanned_come_first(kit: Kit, either_cloud: CloudStore) -> None:
    scanned(either_cloud, WING, again=1)
    assert kit.book.most_scanned(9) == [("pokemon", "th-1"), ("pokemon", "th-4")]
    assert kit.book.most_scanned(1) == [("pokemon", "th-1")]


def test_requests_of_a_day_are_counted_over_a_restart(
    kit: Kit, either_cloud: CloudStore, clock: FakeClock
) -> None:
    at = clock.now()
    assert [kit.book.spend("x", at, 2) for _ in range(3)] == [True, True, False]
    assert not SqlBook(either_cloud).spend("x", at, 2)


def test_the_job_collects_beside_the_service_and_ends_with_it(
    cloud_store: CloudStore, web: Web
) -> None:
    scanned(cloud_store, NEWT, WING)
    serve(web)
    config = CloudConfig(sources=settings(web))
    job = Job("sync.cloud.sources.job:collect_due", 0.05, "")
    ended = time.monotonic() + 60
    with Scheduler(cloud_store, config, {"collect": job}):
        while not (runs := SqlBook(cloud_store).runs_since(LONG_AGO)):
            assert time.monotonic() < ended
            time.sleep(0.05)
    assert set(stored(cloud_store)) == {"th-1", "th-4"}
    assert [run.outcome for run in runs] == [Outcome.DONE]


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


def test_a_full_disk_is_a_result_and_not_an_end(
    kit: Kit, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(web)
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(SourceClient, "_receive", lambda *_: (_ for _ in ()).throw(full))
    done = kit.collector.run(ALL)
    assert (done.outcome, done.retryable) == (Outcome.FAILED, True)
    assert "No space left" in done.problem


def test_nothing_is_asked_unless_the_shop_has_switched_it_on(
    cloud_store: CloudStore, web: Web
) -> None:
    scanned(cloud_store, NEWT)
    context = JobContext(cloud_store, CloudConfig(), utc_now())
    assert collect_due(context) == ""
    assert web.requests == []


def test_a_pause_that_a_source_asks_for_outlives_the_process(
    kit: Kit, web: Web, clock: FakeClock
) -> None:
    web.routes["*"] = status(429, Retry_After="7200")
    assert kit.collector.run(ALL).outcome is Outcome.FAILED
    clock.wait(7000)
    assert kit.collector.due() == []
    clock.wait(300)
    assert kit.collector.due() == [ALL]


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
