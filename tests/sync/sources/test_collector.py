from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from scanner.tables import utc_now
from sync.cloud.config import CloudConfig
from sync.cloud.jobs import Job, JobContext
from sync.cloud.prices import due_publications, now_ms
from sync.cloud.scheduler import Scheduler
from sync.cloud.sources.book_sql import SqlBook
from sync.cloud.sources.catalogs import Catalogs
from sync.cloud.sources.collector import Collector
from sync.cloud.sources.health import source_health
from sync.cloud.sources.http import SourceClient
from sync.cloud.sources.job import collect_due
from sync.cloud.sources.records import Kind, Link, Outcome, Reach
from sync.cloud.sources.registry import make_sources
from sync.cloud.sources.schedule import Job as SourceJob
from sync.cloud.store import CloudStore
from sync.cloud.tables import PRICE
from tests.sync.sources.shop import NEWT, WING, scanned, serve, settings
from tests.sync.sources.web import FakeClock, Web, raw, status, told, validated

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ALL = SourceJob("tcgcsv", "pokemon", Reach.ALL)


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
    kit: Kit,
    either_cloud: CloudStore,
    web: Web,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    serve(web)
    with caplog.at_level("INFO"):
        done = kit.collector.run(ALL)
    [line] = [each for each in caplog.records if "fields" in each.__dict__]
    assert line.__dict__["fields"] == {
        "source": "tcgcsv", "game": "pokemon", "reach": "all", "outcome": "done", "prices": 2,
        "changed": 2, "left_out": 1,
    }  # fmt: skip
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
