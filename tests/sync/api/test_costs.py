"""What keys and sources cost is told in money, and how each source of prices stands."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from scanner.cli import main
from scanner.errors import ConfigError
from scanner.tables import utc_now
from sync.cloud.api.app import create_app, services
from sync.cloud.config import CloudConfig, read_cloud_config
from sync.cloud.config_api import HttpSettings
from sync.cloud.sources.book_sql import SqlBook
from sync.cloud.sources.errors import SourceBlockedError, SourceDownError
from sync.cloud.sources.health import source_states
from sync.cloud.sources.records import Outcome, Reach, Run
from sync.cloud.sources.settings import SourcesSettings
from sync.cloud.store import CloudStore
from tests.sync.api.conftest import Asker, Cloud

NOW = utc_now()
PRICED = CloudConfig(
    http=HttpSettings(cost_per_1000=2.5, cost_per_mb=10, cost_currency="CHF"),
    sources=SourcesSettings(only="tcgcsv, scryfall", tcgcsv_cost_per_1000=40, cost_currency="USD"),
)


def run(
    source: str, minutes_ago: int, error: str = "", rests_min: int = 0, game: str = "magic"
) -> Run:
    at = NOW - timedelta(minutes=minutes_ago)
    return Run(
        source, game, Reach.ALL, at, at, Outcome.FAILED if error else Outcome.DONE,
        problem=f"{source} says no." if error else "", error=error,
        not_before=at + timedelta(minutes=rests_min) if rests_min else None,
    )  # fmt: skip


@pytest.fixture
def priced(either_cloud: CloudStore) -> Cloud:
    return Cloud(create_app(either_cloud, PRICED, look_every_s=0.0), either_cloud)


def number(asker: Asker, line: str) -> float:
    told = asker.ask("/metrics").get_data(as_text=True).splitlines()
    [found] = [each for each in told if each.startswith(line)]
    return float(found.rsplit(" ", 1)[1])


def test_a_keys_requests_and_bytes_cost_what_the_settings_say(priced: Cloud) -> None:
    key, key_id = priced.key()
    for _ in range(3):
        key.ask("/api/v1/me")
    told = key.told("/api/v1/usage")
    [day] = told["usage"]
    assert (told["currency"], day["requests"]) == ("CHF", 3)
    assert day["cost_micro"] == 3 * 2500 + day["sent_bytes"] * 10
    assert told["totals"] == [
        {
            "who": f"key {key_id}", "label": "till", "requests": 3,
            "sent_bytes": day["sent_bytes"], "cost_micro": day["cost_micro"],
        }
    ]  # fmt: skip
    services(priced.app).gate.usage.flush()
    line = f'counterscan_api_cost_micro_today{{who="key {key_id}",currency="CHF"}}'
    assert number(key, line) > day["cost_micro"]


def test_nothing_costs_anything_where_nothing_is_set(either_api: Cloud) -> None:
    key, _ = either_api.key()
    key.ask("/api/v1/me")
    [day] = key.told("/api/v1/usage")["usage"]
    assert day["cost_micro"] == 0


def test_what_was_asked_before_the_price_changed_keeps_its_cost(priced: Cloud) -> None:
    key, _ = priced.key()
    key.ask("/api/v1/me")
    [before] = key.told("/api/v1/usage")["usage"]
    free = Cloud(create_app(priced.store, CloudConfig()), priced.store)
    now_free = free.stranger.with_secret(key.secret)
    now_free.ask("/api/v1/me")
    [after] = now_free.told("/api/v1/usage")["usage"]
    assert (before["requests"], after["requests"]) == (1, 2)
    assert after["cost_micro"] == before["cost_micro"] > 0


def test_every_source_has_a_price(priced: Cloud) -> None:
    book = SqlBook(priced.store, PRICED.sources.costs_micro())
    for _ in range(5):
        assert book.spend("tcgcsv", NOW, 1000)
    assert book.spend("scryfall", NOW, 1000)
    owner = priced.person()
    told = owner.told("/api/v1/usage/sources")
    assert told["currency"] == "USD"
    assert [(each["source"], each["requests"], each["cost_micro"]) for each in told["totals"]] == [
        ("tcgcsv", 5, 200_000), ("scryfall", 1, 0)
    ]  # fmt: skip
    line = 'counterscan_cloud_source_cost_micro_total{source="tcgcsv",currency="USD"}'
    assert number(owner, line) == 200_000


def test_health_tells_how_each_source_stands(priced: Cloud) -> None:
    book = SqlBook(priced.store, PRICED.sources.costs_micro())
    for each in (
        run("tcgcsv", 50), run("tcgcsv", 10, SourceDownError.word, 30),
        run("scryfall", 60, SourceBlockedError.word), run("scryfall", 5),
        run("ebay", 60, "quota"),
    ):  # fmt: skip
        book.add_run(each)
    book.spend("tcgcsv", NOW, 1000)
    key, _ = priced.key()
    told = {each["source"]: each for each in key.told("/api/v1/health")["sources"]}
    tcgcsv, scryfall, ebay = told["tcgcsv"], told["scryfall"], told["ebay"]
    assert (tcgcsv["breaker"], tcgcsv["error"], tcgcsv["problem"]) == (
        "open", "down", "tcgcsv says no."
    )  # fmt: skip
    assert tcgcsv["good_at"] < tcgcsv["failed_at"] < tcgcsv["not_before"]
    assert tcgcsv["requests_today"] == 1
    assert tcgcsv["left_today"] > 100
    assert (tcgcsv["cost_micro_today"], tcgcsv["currency"]) == (40_000, "USD")
    assert (scryfall["breaker"], scryfall["error"], scryfall["failed_at"]) == ("closed", "", None)
    assert (ebay["good_at"], ebay["left_today"], ebay["error"]) == (None, None, "quota")
    for line, value in (
        ('counterscan_cloud_source_breaker{source="tcgcsv"}', 2),
        ('counterscan_cloud_source_breaker{source="scryfall"}', 0),
        ('counterscan_cloud_source_failing{source="tcgcsv",error="down"}', 1),
        ('counterscan_cloud_source_left_today{source="tcgcsv"}', tcgcsv["left_today"]),
        ('counterscan_cloud_source_good_seconds{source="scryfall"}',
         round((NOW - timedelta(minutes=5)).timestamp(), 3)),
    ):  # fmt: skip
        assert number(key, line) == pytest.approx(value, abs=0.01)


def test_a_source_is_tried_again_when_its_pause_is_over() -> None:
    runs = [run("tcgcsv", 50), run("tcgcsv", 40, "down", 30)]
    [state] = source_states(runs, [], {"tcgcsv": 10}, NOW)
    assert (state.breaker.value, state.not_before, state.left_today) == ("half-open", None, 10)
    [state] = source_states([*runs, run("tcgcsv", 1)], [], {"tcgcsv": 10}, NOW)
    assert (state.breaker.value, state.error) == ("closed", "")
    other = [*runs, run("tcgcsv", 1, game="pokemon")]
    [state] = source_states(other, [], {"tcgcsv": 10}, NOW)
    assert (state.breaker.value, state.error) == ("closed", "down")


def test_the_command_tells_cost_and_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cloud.toml").touch(mode=0o600)
    (tmp_path / "cloud.toml").write_text('[sources]\nonly = "tcgcsv"\ntcgcsv_cost_per_1000 = 40\n')
    with CloudStore(tmp_path) as store:
        book = SqlBook(store, {"tcgcsv": 40_000})
        book.add_run(run("tcgcsv", 10, "down", 60))
        book.spend("tcgcsv", utc_now(), 1000)
    assert main(["--data", str(tmp_path), "cloud", "sources", "status"]) == 1
    said = capsys.readouterr().out
    assert "tcgcsv is left alone; 1 requests today" in said
    assert "0.04 EUR in two weeks; last failure: down" in said


def test_a_cost_below_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cloud.toml").touch(mode=0o600)
    (tmp_path / "cloud.toml").write_text("[http]\ncost_per_mb = -1\n")
    with pytest.raises(ConfigError, match=r"http\.cost_per_mb"):
        read_cloud_config(tmp_path)
