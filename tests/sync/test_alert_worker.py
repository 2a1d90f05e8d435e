"""Prices judged by workers: a real Redis, Celery processes, PostgreSQL and a broker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from scanner.inventory_catalog import LibraryFacts
from scanner.store import Store
from sync.bench_broker import CLOUD, Broker
from sync.bench_log import FilledLog
from sync.bench_redis import RedisServer
from sync.cloud.alert_asker import AlertAsker
from sync.cloud.alert_judge import AlertJudge, is_behind
from sync.cloud.config import read_cloud_config
from sync.cloud.service import CloudService
from sync.cloud.store import CloudStore
from tests.sync.alert_kit import ABOVE, NoFacts, Page, asked, close_all, price, raised, tell
from tests.sync.conftest import DEVICE, OTHER, Running, agent, pairing, until
from tests.sync.test_cloud_queue import WAIT_S, configured, started


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


def judged(store: CloudStore) -> bool:
    with store.log.read() as session:
        return not is_behind(session.connection())


def test_a_worker_judges_prices_once_and_the_device_gets_the_alert(
    redis: RedisServer, postgres_url: str, broker: Broker, running: Running, tmp_path: Path
) -> None:
    folder = configured(tmp_path / "cloud", redis.url, postgres_url)
    FilledLog(tmp_path / "device").close()
    with ExitStack() as stack:
        page = Page(tmp_path / "device")
        stack.callback(page.store.close)
        device = stack.enter_context(Store.open(tmp_path / "device", role="sync"))
        cloud = stack.enter_context(CloudStore(folder, postgres_url))
        stack.enter_context(AlertAsker(cloud, read_cloud_config(folder)))
        cloud.take_alert_rules(OTHER, asked(ABOVE))
        running.start(
            CloudService(
                cloud, pairing(broker.port, CLOUD), judges_alerts=False, longest_back_off_s=0.2
            )
        )
        running.start(agent(device, broker.port))
        tell(cloud, price(1000, 0), price(9000, 0, "card-2"))
        assert raised(cloud) == [], "nobody works yet"
        workers = [started(stack, folder, "worker") for _ in range(2)]
        until(lambda: len(page.open()) == 1, WAIT_S)
        redis.stop()
        tell(cloud, *(price(3000, 1, f"card-{number}") for number in range(1, 60)))
        redis.start()
        until(lambda: judged(cloud) and len(raised(cloud)) == 59, WAIT_S)
        until(lambda: len(page.open()) == 59)
        for worker in workers:
            worker.terminate()
            assert worker.wait(WAIT_S) in (0, 143)
        running.stop()


def test_several_that_judge_at_once_raise_each_alert_once(either_cloud: CloudStore) -> None:
    cloud = either_cloud
    cloud.take_alert_rules(DEVICE, asked(ABOVE))
    judges = [AlertJudge(cloud, LibraryFacts(cloud.data_dir)) for _ in range(4)]
    cards = [f"card-{number}" for number in range(150)]
    ending = threading.Event()

    def work(judge: AlertJudge) -> None:
        while not ending.is_set() or judge.step():
            judge.step()

    threads = [threading.Thread(target=work, args=(judge,)) for judge in judges]
    for thread in threads:
        thread.start()
    tellers = [
        threading.Thread(target=tell, args=(cloud, *(price(9000, 0, c) for c in cards[n::3])))
        for n in range(3)
    ]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join(60)
    ending.set()
    for thread in threads:
        thread.join(60)
    assert sorted(card for _, card, _ in raised(cloud)) == sorted(cards)


def test_a_price_that_is_on_disk_late_is_judged_and_no_other_again(
    postgres_url: str, tmp_path: Path
) -> None:
    with CloudStore(tmp_path / "cloud", postgres_url) as cloud:
        cloud.take_alert_rules(DEVICE, asked(ABOVE))
        AlertJudge(cloud, NoFacts()).step()
        told, goes_on = threading.Event(), threading.Event()

        def slowly() -> None:
            with cloud.log.write() as session:
                connection = session.connection()
                connection.exec_driver_sql("SELECT nextval('price_change_id_seq')")
                told.set()
                assert goes_on.wait(60)
                connection.exec_driver_sql(
                    "INSERT INTO price_change (id, game, card_id, finish, condition, currency, "
                    "source, amount_minor, as_of) VALUES (currval('price_change_id_seq'), 'demo', "
                    "'late', 'normal', 'NM', 'EUR', 'tcgcsv', 9000, '2026-05-01 06:00:00')"
                )

        tell(cloud, price(9000, 0, "early"))
        late = threading.Thread(target=slowly)
        late.start()
        assert told.wait(60)
        tell(cloud, price(9000, 0, "next"))
        AlertJudge(cloud, NoFacts()).step()
        close_all(cloud)
        goes_on.set()
        late.join(60)
        assert not judged(cloud)
        AlertJudge(cloud, NoFacts()).step()
        assert [card for _, card, _ in raised(cloud)] == ["early", "next", "late"]
        assert judged(cloud)
