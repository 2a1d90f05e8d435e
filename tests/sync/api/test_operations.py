"""Who runs the cloud sees what works: health of each part, numbers for Prometheus, the document."""

from __future__ import annotations

import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from scanner.http.openapi import described_routes
from scanner.tables import utc_now
from sync.bench_broker import free_port
from sync.cloud.api.app import create_app, services
from sync.cloud.api.card_search import take_cards
from sync.cloud.api.collections import value_collections
from sync.cloud.api.health import GLANCE_EVERY_S, Glance
from sync.cloud.api.server import ApiServer
from sync.cloud.api.trends import make_trends
from sync.cloud.config import CloudConfig
from sync.cloud.config_api import HttpSettings
from sync.cloud.jobs import JobContext, run_if_due
from sync.cloud.store import CloudStore
from tests.sync.api.conftest import Cloud, fits
from tests.sync.api.delivering import raise_alerts
from tests.sync.api.test_cards import CARDS, NOW, price, tell
from tests.sync.api.test_collections import batch, scan

DASHBOARD = Path(__file__).parents[3] / "docs/grafana-cloud.json"


def filled(cloud: Cloud) -> None:
    take_cards(cloud.store, CARDS)
    batch(cloud, "counter-1", 1)
    scan(cloud, "counter-1", 1, 3)
    tell(cloud, price("base1-4", 500, NOW.replace(year=NOW.year - 1)), price("base1-4", 700, NOW))
    raise_alerts(cloud.store, 1)
    make_trends(cloud.store, NOW)
    value_collections(cloud.store, "EUR", NOW)
    run_if_due("cards", JobContext(cloud.store, CloudConfig(), utc_now()))


def state_of(parts: list[dict[str, str]], name: str) -> str:
    return next(part["state"] for part in parts if part["name"] == name)


def test_each_part_tells_how_it_fares(either_api: Cloud) -> None:
    filled(either_api)
    assert either_api.stranger.told("/healthz") == {"ok": True}
    told = either_api.key()[0].told("/api/v1/health")
    parts = told["parts"]
    assert told["ok"] is True
    assert state_of(parts, "database") == "ok"
    assert state_of(parts, "broker") == state_of(parts, "queue") == "off"
    assert state_of(parts, "job cards") == "ok"
    assert state_of(parts, "job movers") == "warning"


def test_what_is_down_is_told(tmp_path: Path) -> None:
    port = free_port()
    config = CloudConfig(
        broker=f"mqtt://127.0.0.1:{port}", password="x", redis=f"redis://127.0.0.1:{port}/0"
    )
    with CloudStore(tmp_path) as store:
        cloud = Cloud(create_app(store, config), store)
        answer = cloud.stranger.ask("/healthz")
        assert (answer.status_code, answer.json) == (503, {"ok": False})
        parts = cloud.key()[0].told("/api/v1/health")["parts"]
        assert state_of(parts, "broker") == state_of(parts, "queue") == "down"
        assert state_of(parts, "database") == "ok"


def test_the_open_health_check_opens_no_connections_at_will(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker, CloudStore(tmp_path) as store:
        broker.settimeout(0.5)
        port = broker.getsockname()[1]
        config = CloudConfig(broker=f"mqtt://127.0.0.1:{port}", password="x")
        cloud = Cloud(create_app(store, config), store)
        for _ in range(20):
            assert cloud.stranger.told("/healthz") == {"ok": True}
        came = 0
        with suppress(TimeoutError):
            while True:
                broker.accept()[0].close()
                came += 1
        assert came == 1


def test_the_health_check_looks_again_after_some_seconds_and_keeps_nobody_waiting() -> None:
    now_s, looks, well = [0.0], list[float](), [True]
    looking, go_on = threading.Event(), threading.Event()
    go_on.set()

    def look() -> bool:
        looks.append(now_s[0])
        looking.set()
        assert go_on.wait(60)
        return well[0]

    glance = Glance(look, lambda: now_s[0])
    assert [glance.is_well() for _ in range(3)] == [True] * 3
    well[0], now_s[0] = False, GLANCE_EVERY_S + 1
    looking.clear()
    go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(glance.is_well)
        assert looking.wait(60)
        assert glance.is_well() is True  # what was seen before; the look is under way
        go_on.set()
        assert slow.result(60) is False
    assert glance.is_well() is False
    assert looks == [0.0, GLANCE_EVERY_S + 1]


def test_prometheus_reads_the_numbers(either_api: Cloud) -> None:
    filled(either_api)
    key, key_id = either_api.key()
    key.ask("/api/v1/cards?q=pika")
    services(either_api.app).gate.usage.flush()
    assert either_api.stranger.ask("/metrics").status_code == 401
    text = key.ask("/metrics").get_data(as_text=True)
    for line in (
        'counterscan_cloud_received{device="counter-1",stream="scan"} 1',
        "counterscan_cloud_cards 5",
        "counterscan_cloud_alerts_total 1",
        f'counterscan_api_asked_today{{who="key {key_id}"}} 1',
        'counterscan_api_kept_answers_total{kind="made"} 1',
        'counterscan_api_answers_total{status="200"} 1',
    ):
        assert line in text
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) .+|[a-z_]+(\{.*\})? [0-9.e+-]+", line), line


def test_numbers_may_be_open_where_the_settings_say_so(tmp_path: Path) -> None:
    with CloudStore(tmp_path) as store:
        config = CloudConfig(http=HttpSettings(metrics_open=True))
        assert Cloud(create_app(store, config), store).stranger.ask("/metrics").status_code == 200


def test_the_dashboard_shows_numbers_that_there_are(either_api: Cloud) -> None:
    filled(either_api)
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(asked) >= 10
    told = either_api.key()[0].ask("/metrics").get_data(as_text=True)
    known = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE)) | {
        "counterscan_cloud_messages", "counterscan_cloud_source_requests_total",
        "counterscan_cloud_source_failures_total", "counterscan_cloud_source_cost_micro_total",
        "counterscan_cloud_device_online", "counterscan_cloud_price_age_seconds",
        "counterscan_api_answer_seconds_bucket", "counterscan_api_asked_today",
        "counterscan_api_answers_total", "counterscan_api_kept_answers_total",
        "counterscan_cloud_source_failing", "counterscan_cloud_source_good_seconds",
        "counterscan_api_cost_micro_today",
    }  # fmt: skip
    for name in re.findall(r"counterscan_\w+", " ".join(asked)):
        assert name in known, name


def test_answers_are_as_the_document_says(either_api: Cloud) -> None:
    filled(either_api)
    owner = either_api.person()
    owner.told("/api/v1/keys", {"label": "x"}, status=201)
    query = {
        "/api/v1/card": "?game=pokemon&card_id=base1-4",
        "/api/v1/card/history": "?game=pokemon&card_id=base1-4&days=3650",
    }
    asked = 0
    for rule, method, found in described_routes(either_api.app):
        if method != "GET" or found is None or found.media_type != "application/json":
            continue
        if "<" in rule.rule:  # of one thing: where that is tested
            continue
        answer = owner.ask(rule.rule + query.get(rule.rule, ""))
        assert answer.status_code == found.status, rule.rule
        fits(found.answer, answer.json, rule.rule)
        asked += 1
    assert asked >= 14


def test_the_document_is_openapi_and_shown(cloud: Cloud) -> None:
    whole = cloud.stranger.told("/api/openapi.json")
    assert whole["openapi"].startswith("3.1.")
    names = set(whole["components"]["schemas"])
    assert set(re.findall(r"#/components/schemas/([^\"']+)", json.dumps(whole))) <= names
    page = cloud.stranger.ask("/").get_data(as_text=True)
    for path in whole["paths"]:
        assert path in page
    assert whole["paths"]["/api/v1/login"]["post"]["security"] == []
    assert "429" in whole["paths"]["/api/v1/cards"]["get"]["responses"]


def test_the_server_answers_over_http_and_counts_on_disk_when_it_ends(tmp_path: Path) -> None:
    with CloudStore(tmp_path) as store:
        with ApiServer(store, CloudConfig(http=HttpSettings(port=0))) as server:
            _, secret = services(server.app).gate.keys.make("till", "reader", "x", 600, 0)
            asker = httpx.Client(
                base_url=f"http://127.0.0.1:{server.port}",
                headers={"Authorization": f"Bearer {secret}"}, timeout=60,
            )  # fmt: skip
            with asker:
                assert asker.get("/api/v1/me").json()["name"] == "till"
                large = asker.post("/api/v1/login", content=b"x" * 100_000)
                assert large.status_code == 413
        again = Cloud(create_app(store, CloudConfig()), store)
        [usage] = again.stranger.with_secret(secret).told("/api/v1/usage")["usage"]
        assert usage["requests"] >= 1


def test_a_proxy_that_is_trusted_says_who_asks(tmp_path: Path) -> None:
    settings = HttpSettings(port=0, behind="127.0.0.1")
    with CloudStore(tmp_path) as store, ApiServer(store, CloudConfig(http=settings)) as server:
        address = f"http://127.0.0.1:{server.port}/api/v1/enrol"
        for number in range(12):
            headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            answer = httpx.post(address, json={"code": "x"}, headers=headers, timeout=60)
            assert answer.status_code == 403


@pytest.mark.parametrize("proxy", ["", "192.0.2.1"])
def test_nobody_else_is_believed_about_who_asks(tmp_path: Path, proxy: str) -> None:
    settings = HttpSettings(port=0, behind=proxy)
    with CloudStore(tmp_path) as store, ApiServer(store, CloudConfig(http=settings)) as server:
        address = f"http://127.0.0.1:{server.port}/api/v1/enrol"
        codes = [
            httpx.post(
                address, json={"code": "x"}, headers={"X-Forwarded-For": f"203.0.113.{number}"},
                timeout=60,
            ).status_code
            for number in range(12)
        ]  # fmt: skip
    assert codes[-1] == 429
