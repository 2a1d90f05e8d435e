"""How the device fares: figures from the log, their history, alerts, the page and the metrics."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jinja2 import Environment, PackageLoader
from playwright.sync_api import expect

from scanner.device import DeviceState, device_state
from scanner.http.metrics import Metric, by, one, written
from scanner.records import Decision
from scanner.store import Store
from scanner.store_sync import LinkKind
from scanner.tables import utc_now
from tests.webui.accessible import is_accessible
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop
from tests.webui.signed_in import Client, paired
from webui.alerts import alerts_for
from webui.book import Book
from webui.book_tables import Sample
from webui.charts import bucketed, line_chart
from webui.figures import Figures, percentile, together
from webui.log_view import LogView
from webui.samples import HOUR, MINUTE, Sampler

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]

WELL = DeviceState(50.0, False, False, 20 * 10**9, 32 * 10**9, 10**9, 0.5)


def sampler_of(shop: Shop, device: DeviceState = WELL) -> tuple[Sampler, Book]:
    book = Book(shop.data_dir)
    return Sampler(book, lambda: Store.open(shop.data_dir, role="web"), lambda: device), book


def test_a_pi_tells_its_heat_and_that_it_is_held_back(tmp_path: Path) -> None:
    for zone, heat in (("thermal_zone0", "61234\n"), ("thermal_zone1", "48000\n")):
        folder = tmp_path / "sys/class/thermal" / zone
        folder.mkdir(parents=True)
        (folder / "temp").write_text(heat)
    firmware = tmp_path / "sys/devices/platform/soc/soc:firmware"
    firmware.mkdir(parents=True)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9 kB\nMemAvailable:     2048 kB\n")
    for bits, held, weak in (
        ("0x50000", False, False),
        ("0x50005", True, True),
        ("2", True, False),
    ):
        (firmware / "get_throttled").write_text(f"{bits}\n")
        state = device_state(tmp_path, tmp_path)
        assert state.temperature_c == 61.234
        assert (state.is_throttled, state.is_under_voltage) == (held, weak)
        assert state.memory_free_bytes == 2048 * 1024


def test_a_machine_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    state = device_state(tmp_path / "no-folder", tmp_path)
    assert (state.temperature_c, state.is_throttled, state.disk_free_bytes) == (None, None, None)


def test_samples_hold_what_came_since_the_last_one(shop: Shop) -> None:
    sampler, book = sampler_of(shop)
    shop.start()
    shop.scan()
    first = sampler.take(MINUTE)
    assert first.scans == 0, "what was before the first sample is no part of it"
    for decision in (Decision.ACCEPTED, Decision.REVIEW, Decision.ACCEPTED):
        shop.scan(decision)
    shop.tell("jam", "stuck")
    shop.tell("hopper_empty", "no cards")
    second = sampler.take(MINUTE)
    assert (second.scans, second.accepted, second.faults) == (3, 2, {"jam": 1})
    assert second.stages_ms["total"] == (4.1, 4.1)
    assert second.queue == 1
    assert sampler.take(MINUTE).scans == 0
    assert [figures for _, figures in sampler.history(MINUTE)][1] == second
    assert sampler.history(HOUR) == []
    book.close()


def test_a_restart_of_the_page_loses_no_card_from_the_history(shop: Shop) -> None:
    shop.start()
    sampler, book = sampler_of(shop)
    sampler.take(MINUTE)
    book.close()
    shop.scan()
    sampler, book = sampler_of(shop)
    assert sampler.take(MINUTE).scans == 1
    book.close()


def test_an_alert_reaches_the_live_page_and_goes_again(shop: Shop) -> None:
    shop.keep_showing()
    state = {"device": dataclasses.replace(WELL, temperature_c=85.0)}
    book = Book(shop.data_dir)
    view = LogView(shop.data_dir, Environment(loader=PackageLoader("webui")))
    sampler = Sampler(book, view.store, lambda: state["device"])
    view.further_notices = sampler.notices
    sampler.refresh()
    assert [notice["key"] for notice in view.state()["notices"]] == ["temperature"]
    assert "The scanner is hot" in view.state()["notices_html"]
    state["device"] = WELL
    sampler.refresh()
    assert view.state()["notices"] == []
    view.close()
    book.close()


def test_old_samples_are_forgotten(shop: Shop) -> None:
    sampler, book = sampler_of(shop)
    for minutes, age in ((MINUTE, timedelta(hours=27)), (HOUR, timedelta(days=33))):
        book.add(Sample(minutes=minutes, created_at=utc_now() - age, figures={}))
        sampler.take(minutes)
        assert len(book.samples(minutes, utc_now() - timedelta(days=99))) == 1
    book.close()


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 5), (95, 10), (100, 10)])
def test_percentiles_are_values_that_were_measured(percent: int, value: float) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == value


MONTH = Figures(scans=20_000, accepted=18_000, faults={"jam": 40}, stages_ms={"total": (100, 200)})
FINE = Figures(
    scans=500,
    accepted=450,
    faults={"jam": 1},
    stages_ms={"total": (100, 200)},
    temperature_c=60.0,
    is_throttled=False,
    is_under_voltage=False,
    disk_free_bytes=20 * 10**9,
    disk_size_bytes=32 * 10**9,
    memory_free_bytes=10**9,
)


@pytest.mark.parametrize(
    ("changes", "alerts"),
    [
        ({}, []),
        ({"temperature_c": 76.0}, ["temperature warn"]),
        ({"temperature_c": 83.0}, ["temperature fault"]),
        ({"temperature_c": None, "is_throttled": None, "disk_free_bytes": None}, []),
        ({"is_throttled": True}, ["throttled warn"]),
        ({"is_under_voltage": True}, ["under_voltage fault"]),
        ({"disk_free_bytes": 4 * 10**9}, ["disk warn"]),
        ({"disk_free_bytes": 10**9}, ["disk fault"]),
        ({"memory_free_bytes": 10**7}, ["memory warn"]),
        ({"accepted": 390}, ["accept_rate warn"]),
        ({"accepted": 410}, []),
        ({"accepted": 39, "scans": 99}, []),
        ({"faults": {"jam": 2, "mis_seat": 2, "bin_full": 9}}, ["jams warn"]),
        ({"faults": {"jam": 1, "bin_full": 9}}, []),
        ({"stages_ms": {"total": (150, 320)}}, ["slow warn"]),
        ({"stages_ms": {"total": (150, 240)}}, []),
    ],
)
def test_an_alert_says_what_is_wrong_or_got_worse(
    changes: dict[str, object], alerts: list[str]
) -> None:
    now = dataclasses.replace(FINE, **changes)  # type: ignore[arg-type]
    found = alerts_for(now, MONTH)
    assert [f"{alert.key} {alert.level}" for alert in found] == alerts
    assert all(alert.text.endswith(".") for alert in found)
    assert len(alerts_for(now, None)) <= len(found)


def test_stretches_add_up() -> None:
    hot = dataclasses.replace(FINE, temperature_c=90.0, queue=7, faults={"door_open": 2})
    whole = together([hot, dataclasses.replace(FINE, stages_ms={"total": (200, 400)})])
    assert whole is not None
    assert (whole.scans, whole.accepted, whole.temperature_c, whole.queue) == (1000, 900, 90.0, 7)
    assert whole.faults == {"door_open": 2, "jam": 1}
    assert whole.stages_ms == {"total": (150, 300)}
    assert together([]) is None


def test_a_chart_leaves_gaps_where_nothing_was_measured() -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    hour = timedelta(hours=1)
    samples = [(since + hour * number, float(number)) for number in (0, 1, 2, 9, 10, 20)]
    points = bucketed(samples, since, hour, lambda inside: sum(inside))
    chart = line_chart("T", "°C", [("", points)], since, since + hour * 24, hour)
    assert chart is not None
    [line] = chart.lines
    assert (len(line.pieces), len(line.dots), line.last) == (2, 1, "20 °C")
    assert [text for _, text in chart.grid] == ["0", "10", "20"]
    assert line_chart("T", "", [("", [])], since, since + hour, hour) is None


def test_metrics_are_written_as_prometheus_reads_them() -> None:
    text = written(
        [
            Metric("a_total", "counter", "Said \\ and\nmore.", by("kind", {'q"u': 2, "x": None})),
            Metric("b", "gauge", "None.", one(None)),
            Metric("c", "gauge", "Half.", one(0.5)),
        ]
    )
    assert text == (
        "# HELP a_total Said \\\\ and\\nmore.\n# TYPE a_total counter\n"
        'a_total{kind="q\\"u"} 2\n# HELP c Half.\n# TYPE c gauge\nc 0.5\n'
    )


def test_the_metrics_need_a_key_and_count_every_card(shop: Shop) -> None:
    shop.show()
    shop.start()
    server, ada = paired(shop.data_dir)
    assert Client(server).get("/metrics", Accept="text/plain").status == 303
    key = ada.post("/api/settings/keys", {"label": "Prometheus"}).json["key"]
    prometheus = Client(server, key=key)
    for expected in (2, 4):
        shop.scan()
        shop.scan(Decision.REVIEW)
        shop.tell("jam", "stuck")
        answer = prometheus.get("/metrics")
        text = answer.body.decode()
        assert f'counterscan_scans_total{{decision="accepted"}} {expected // 2}' in text
        assert f'counterscan_faults_total{{kind="jam"}} {expected // 2}' in text
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'counterscan_page_answers_total{status="303"}' in text
    for line in text.splitlines():
        assert re.fullmatch(r'# .+|[a-z_0-9]+(\{([a-z]+="[^"]*",?)+\})? [-+0-9.e]+', line), line
    server.kill()


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_the_page_shows_now_lately_and_what_is_wrong(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    shop.keep_showing()
    shop.start()
    for number in range(12):
        shop.scan(Decision.REVIEW if number % 4 == 0 else Decision.ACCEPTED, cut_crop=None)
    shop.tell("jam", "stuck")
    book = Book(shop.data_dir)
    now = utc_now()
    book.add(
        *(
            Sample(
                minutes=minutes,
                created_at=now - timedelta(minutes=minutes * ago),
                figures=dataclasses.replace(FINE, temperature_c=40.0 + ago / 20).as_json(),
            )
            for minutes in (MINUTE, HOUR)
            for ago in range(300)
        )
    )
    book.close()
    watched = look(f"{serve().url}/health", size)
    page = watched.page
    expect(page.get_by_text("All is well")).to_be_visible()
    tile = page.locator(".tile", has_text="Accepted")
    expect(tile).to_contain_text("75%")
    expect(tile).to_contain_text("of 12")
    expect(page.get_by_role("img", name="Temperature")).to_be_visible()
    expect(page.get_by_role("row", name="Card jam")).to_contain_text("1")
    watched.picture(f"health-{size}")
    page.get_by_role("link", name="A month").click()
    expect(page.get_by_role("img", name="Temperature")).to_be_visible()
    is_accessible(page)
    fits(page)
    shop.fall_silent()
    expect(page.locator('[data-alert="feed"]')).to_contain_text("does not answer")
    watched.is_well()


def test_a_page_without_a_log_still_tells_how_the_device_is(serve: Serve) -> None:
    client = Client(serve())
    told = client.get("/api/health").json
    assert told["alerts"][0]["key"] == "log"
    assert told["now"]["disk_free_bytes"] > 0
    assert client.get("/health").status == 200
    assert b"counterscan_log_readable 0" in client.get("/metrics").body
    assert client.get("/api/health?span=year").status == 400


@pytest.mark.browser
def test_the_page_tells_how_the_exchange_with_the_cloud_fares(
    shop: Shop, serve: Serve, look: Look
) -> None:
    shop.keep_showing()
    shop.start()
    for _ in range(3):
        shop.scan(Decision.ACCEPTED, cut_crop=None)
    with Store.open(shop.data_dir, role="sync") as sync:
        sync.add_sync_event(LinkKind.LOST, "Nothing listens at cloud.example:8883.")
        sync.set_sync_cursors({"scan": 1})
    page = look(f"{serve().url}/health", "390").page
    tile = page.locator(".tile", has_text="Cloud")
    expect(tile).to_contain_text("away")
    expect(tile).to_contain_text("2 scans to send")
    expect(page.get_by_text("All is well")).to_be_visible()
    with Store.open(shop.data_dir, role="sync") as sync:
        sync.add_sync_event(LinkKind.REFUSED, "The broker does not let this device in.")
    expect(page.locator('[data-alert="cloud"]')).to_contain_text("does not let this device in")
    expect(tile).to_contain_text("refused")
    fits(page)
