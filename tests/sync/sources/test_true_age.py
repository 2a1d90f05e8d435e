"""A price is as old as its source's last word on it, and the last word is what counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.cloud.api.history import prices_now
from sync.cloud.api.trends import make_trends, trending
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.sources.records import Reach
from sync.cloud.sources.schedule import Job
from sync.cloud.store import CloudStore
from tests.sync.alert_kit import AS_OF
from tests.sync.alert_kit import price as priced
from tests.sync.sources.cards import price, product, results
from tests.sync.sources.shop import NEWT, WING, scanned, serve
from tests.sync.sources.test_collector import Kit, stored
from tests.sync.sources.web import FakeClock, Web, raw, told, validated

ALL = Job("tcgcsv", "pokemon", Reach.ALL)
PRICES = "/tcgcsv/tcgplayer/3/77/prices"


@pytest.fixture
def kit(cloud_store: CloudStore, web: Web, clock: FakeClock) -> Kit:
    scanned(cloud_store, NEWT, WING)
    return Kit(cloud_store, web, clock)


def test_a_price_that_the_source_tells_no_more_keeps_its_age(
    kit: Kit, cloud_store: CloudStore, web: Web, clock: FakeClock
) -> None:
    clock.wait(7 * 24 * 3600)
    serve(web, etag='"p1"')
    kit.collector.run(ALL)
    serve(web, stamp="02")
    web.routes[PRICES] = validated(results(price(4, None), price(1, 3)), '"p2"')
    kit.collector.run(ALL)
    assert stored(cloud_store) == {"th-4": (50, "01"), "th-1": (300, "02")}
    for stamp in ("03", "04"):
        web.routes["/tcgcsv/last-updated.txt"] = raw(f"2026-05-{stamp}T20:05:30+0000".encode())
        kit.collector.run(ALL)
        assert stored(cloud_store) == {"th-4": (50, "01"), "th-1": (300, stamp)}


def test_two_sets_of_theirs_that_make_up_one_of_ours_are_read_each_time(
    kit: Kit, cloud_store: CloudStore, web: Web
) -> None:
    serve(web)
    groups = [{"groupId": number, "name": "Tin Harbour"} for number in (77, 78)]
    web.routes |= {
        "/tcgcsv/tcgplayer/3/groups": told(results(*groups)),
        "/tcgcsv/tcgplayer/3/77/products": told(results(product(4, "Glimmer Newt", "4/60"))),
        "/tcgcsv/tcgplayer/3/78/products": told(results(product(1, "Brasswing", "1/60"))),
        PRICES: validated(results(price(4, 0.5)), '"p1"'),
        "/tcgcsv/tcgplayer/3/78/prices": validated(results(price(1, 3)), '"p1"'),
    }
    kit.collector.run(ALL)
    web.routes["/tcgcsv/last-updated.txt"] = raw(b"2026-05-02T20:05:30+0000")
    web.routes[PRICES] = validated(results(price(4, None)), '"p2"')
    kit.collector.run(ALL)
    assert stored(cloud_store) == {"th-4": (50, "01"), "th-1": (300, "02")}


def test_the_newest_of_several_prices_stands_in_whatever_order_they_are_told(
    either_cloud: CloudStore,
) -> None:
    days = [priced(amount, day) for amount, day in ((300, 3), (100, 1), (200, 2), (200, 2))]
    assert tell_prices(either_cloud, "demo", "First Light", days, now_ms()) == 3
    assert tell_prices(either_cloud, "demo", "First Light", days[1:], now_ms()) == 0
    assert stored(either_cloud) == {"card-1": (300, f"{AS_OF + timedelta(days=3):%d}")}


def test_a_card_under_a_sets_old_name_too_has_the_price_that_was_told_last(
    either_cloud: CloudStore,
) -> None:
    now = datetime.now(UTC)
    day = (now - AS_OF).days
    steps = (("New", 100, day - 20), ("New", 300, day - 1), ("Old", 150, day - 3))
    for set_name, amount, at in steps:
        told_of = [priced(amount, at)]
        tell_prices(either_cloud, "demo", set_name, told_of, now_ms())
    make_trends(either_cloud, now)
    with either_cloud.log.read() as session:
        connection = session.connection()
        [(_, amount)] = prices_now(connection, "demo", "card-1").values()
        movers = trending(connection, days=7, currency="EUR", falling=False)
    assert (amount, [mover["amount_minor"] for mover in movers]) == (300, [300])
