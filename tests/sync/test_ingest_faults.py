"""What a worker makes of a database and a broker that fail while messages are in its hands."""

from __future__ import annotations

import json
import random
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from scanner.errors import StoreError, StoreFullError
from scanner.price_feed import PriceTold
from sync.bench_broker import CLOUD, Broker
from sync.bench_postgres import PostgresServer
from sync.cloud.ingest import Ingest
from sync.cloud.ingest_worker import IngestWorker
from sync.cloud.intake import Arrived
from sync.cloud.postgres import Postgres
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.service import CloudService
from sync.cloud.store import CloudStore
from sync.cloud.tables import LOG_TABLES
from sync.cloud.tables_refused import REFUSED_ROW
from sync.link import Incoming, Link, Outcome, Verdict
from sync.protocol import device_topic
from sync.protocol_words import LONGEST
from sync.wire import pack
from tests.sync.conftest import DEVICE, pairing, until
from tests.sync.test_cloud_store import incoming
from tests.sync.test_intake import MANY, message, scan, scans_from
from tests.sync.test_wire import LOG, NOW

TOPIC = device_topic(DEVICE, "up", "scan")
_COUNT = text("SELECT count(*) FROM scan")
_WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that these tests may stop."""
    with PostgresServer() as running:
        yield running


@pytest.fixture
def cloud(server: PostgresServer, tmp_path: Path) -> Iterator[CloudStore]:
    with CloudStore(tmp_path / "cloud", server.new_database()) as store:
        yield store


def asked(cloud: CloudStore, query: Any) -> int:
    with cloud.log.read() as session:
        return int(session.connection().execute(query).scalar_one())


def execute(cloud: CloudStore, *statements: str) -> None:
    with cloud.log.write() as session:
        for statement in statements:
            session.connection().execute(text(statement))


def too_long_for_an_index() -> dict[str, Any]:
    """A scan that the protocol lets through: texts that no compression makes shorter."""
    chance = random.Random(5)
    letters = [chr(chance.randrange(0x10000, 0x110000)) for _ in range(2 * LONGEST)]
    words = "".join(letters[:LONGEST]), "".join(letters[LONGEST:])
    return scan(1, game=words[0], card_id=words[1])


@pytest.mark.parametrize("rows", [1, MANY])
def test_a_row_that_only_the_database_refuses_is_kept_aside_and_stops_nothing(
    cloud: CloudStore, rows: int
) -> None:
    bad = [too_long_for_an_index(), *[scan(at) for at in range(2, rows + 1)]]
    poison = message("scan", 0, bad, "counter-2")
    ours = [scans_from(1, rows), scans_from(rows + 1, rows)]
    Ingest(cloud).take([
        incoming(TOPIC, pack(ours[0].message)),
        incoming(device_topic("counter-2", "up", "scan"), pack(poison.message)),
        incoming(TOPIC, pack(ours[1].message)),
        incoming(device_topic(DEVICE, "up", "gold"), b""),
    ])  # fmt: skip
    assert asked(cloud, _COUNT) == 3 * rows - 1
    assert cloud.received(DEVICE, LOG) == {"scan": 2 * rows}
    assert cloud.received("counter-2", LOG) == {"scan": rows}
    with cloud.log.read() as session:
        connection = session.connection()
        noted = connection.execute(text("SELECT topic FROM refused_message")).scalars().all()
        [aside] = connection.execute(select(REFUSED_ROW)).all()
    assert [topic.split("/")[3] for topic in noted] == [DEVICE]
    assert (aside.device, aside.stream, aside.id) == ("counter-2", "scan", 1)
    assert "index row size" in aside.reason
    assert len(aside.reason) <= 400
    assert json.loads(zlib.decompress(aside.row))["card_id"] == bad[0]["card_id"]


@pytest.mark.parametrize("state", ["53100", "40001", "57014", "53300"])
def test_what_the_database_can_not_do_just_now_is_tried_again(
    cloud: CloudStore, state: str
) -> None:
    fail_on(cloud, "scan", state)
    came = [incoming(TOPIC, pack(scans_from(1, MANY).message)), incoming(TOPIC, b"rubbish")]
    expected = StoreFullError if state == "53100" else StoreError
    with pytest.raises(expected):
        Ingest(cloud).take(came)
    assert asked(cloud, text("SELECT count(*) FROM refused_message")) == 0
    mend(cloud, "scan")
    Ingest(cloud).take(came)
    assert cloud.received(DEVICE, LOG) == {"scan": MANY}
    assert asked(cloud, text("SELECT count(*) FROM refused_message")) == 1


class Attempt(threading.Thread):
    """Takes messages in once, in a thread of its own; `error` is what came of it."""

    def __init__(self, cloud: CloudStore, arrived: list[Arrived]) -> None:
        super().__init__(daemon=True)
        self._cloud, self._arrived = cloud, arrived
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._cloud.take(self._arrived)
        except StoreError as error:
            self.error = error

    def ended(self) -> BaseException | None:
        self.join(60)
        assert not self.is_alive()
        return self.error


def waiting(cloud: CloudStore, count: int) -> Callable[[], bool]:
    return lambda: asked(cloud, _WAITING) >= count


@contextmanager
def holding(cloud: CloudStore, stream: str, *rows: dict[str, Any]) -> Iterator[Connection]:
    """Another writer that has put rows into a table, and takes them back in the end."""
    with cloud.log.write() as session:
        connection = session.connection()
        insert_rows(connection, stream, *rows)
        yield connection
        session.rollback()


def insert_rows(connection: Connection, stream: str, *rows: dict[str, Any]) -> None:
    made = [row.model_dump() for row in message(stream, 0, list(rows)).message.rows]
    owned = [{"device": DEVICE, "log": LOG, **row} for row in made]
    connection.execute(LOG_TABLES[stream].insert(), owned)


def test_a_worker_that_another_locks_out_for_good_gives_up_and_tries_again(
    cloud: CloudStore,
) -> None:
    batch = {"id": 1, "created_at": NOW, "name": "Stack", "driver": "test"}
    arrived = [message("batch", 0, [batch]), scans_from(1, 2 * MANY)]
    with holding(cloud, "scan", scan(MANY)) as other:
        other.execute(text("SET LOCAL deadlock_timeout = '1h'"))
        with holding(cloud, "scan", scan(1)):
            ours = Attempt(cloud, arrived)  # has put its batch in, and waits for scan 1
            until(waiting(cloud, 1))
            blocked = threading.Thread(
                target=insert_rows, args=(other, "batch", batch), daemon=True
            )
            blocked.start()  # waits for our batch
            until(waiting(cloud, 2))
        # Scan 1 is free; scan 40 is not, whose writer waits for us: PostgreSQL ends our part.
        error = ours.ended()
        blocked.join(60)
    assert isinstance(error, StoreError)
    assert "deadlock" in str(error)
    assert asked(cloud, _COUNT) == 0
    cloud.take(arrived)
    assert asked(cloud, _COUNT) == 2 * MANY
    assert cloud.received(DEVICE, LOG) == {"batch": 1, "scan": 2 * MANY}


def test_a_database_that_stops_within_a_transaction_leaves_nothing_half_done(
    cloud: CloudStore, server: PostgresServer
) -> None:
    arrived = [scans_from(1, 2 * MANY)]
    with suppress(StoreError), holding(cloud, "scan", scan(MANY)):
        ours = Attempt(cloud, arrived)
        until(waiting(cloud, 1))
        server.stop()
    assert isinstance(ours.ended(), StoreError)
    with pytest.raises(StoreError):
        cloud.take(arrived)
    server.start()
    assert asked(cloud, _COUNT) == 0
    cloud.take(arrived)
    cloud.take(arrived)
    assert asked(cloud, _COUNT) == 2 * MANY
    assert cloud.received(DEVICE, LOG) == {"scan": 2 * MANY}


def fail_on(cloud: CloudStore, table: str, state: str = "53100") -> None:
    """Let every row that is written to a table fail, until `mend`."""
    execute(
        cloud,
        "CREATE OR REPLACE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '{state}'; END $$",
        f"CREATE TRIGGER failing BEFORE INSERT OR UPDATE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION fails()",
    )


def mend(cloud: CloudStore, table: str) -> None:
    execute(cloud, f"DROP TRIGGER failing ON {table}")


def test_when_every_connection_is_in_use_it_is_tried_again(cloud: CloudStore) -> None:
    arrived = [scans_from(1, MANY)]
    assert isinstance(cloud.log, Postgres)
    cloud.log.engine.pool._timeout = 0.1  # type: ignore[attr-defined] # else half a minute
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(cloud.log.read()).connection()
        with pytest.raises(StoreError, match="in use"):
            cloud.take(arrived)
    cloud.take(arrived)
    assert asked(cloud, _COUNT) == MANY


def test_the_database_gives_a_lost_worker_up(cloud: CloudStore) -> None:
    for name, seconds in (("idle", 15), ("interval", 5), ("count", 3)):
        assert asked(cloud, text(f"SELECT current_setting('tcp_keepalives_{name}')")) == seconds


def in_spite_of_errors(turn: Callable[[float], object]) -> None:
    with suppress(StoreError):
        turn(0.02)


def test_what_is_in_hand_while_the_broker_restarts_is_in_hand_once_and_stored_once(
    cloud: CloudStore, broker: Broker
) -> None:
    one = IngestWorker(cloud, pairing(broker.port, CLOUD), 1, longest_back_off_s=0.2)
    tries: list[list[Incoming]] = []
    take = one._ingest.take

    def watched(messages: Sequence[Incoming]) -> None:
        tries.append(list(messages))
        take(messages)

    one._ingest.take = watched  # type: ignore[method-assign]
    device = Link(pairing(broker.port, DEVICE), "peer", subscriptions=dict, longest_back_off_s=0.2)
    fail_on(cloud, "scan")

    def heard() -> bool:
        """Until a worker is there, the broker says that nobody is, and forgets the message."""
        in_spite_of_errors(one.turn)
        device.turn(0.02)
        for outcome in device.outcomes():
            if outcome.verdict is Verdict.KEPT:
                return True
            device.publish(TOPIC, payload)
        return False

    until(lambda: bool(not device.turn(0.02) and device.online))
    until(lambda: bool(one.turn(0.02) == 0 and one.link.online))
    payload = pack(scans_from(1, MANY).message)
    device.publish(TOPIC, payload)
    until(heard)
    until(lambda: bool(in_spite_of_errors(one.turn) or tries))
    first = tries[0][0].connection
    broker.restart()
    until(lambda: bool(in_spite_of_errors(one.turn) or tries[-1][0].connection > first))
    assert len(tries[-1]) == 1
    mend(cloud, "scan")
    until(lambda: one.turn(0.02) == 1)
    assert asked(cloud, _COUNT) == MANY
    assert one.turn(0.5) == 0
    device.close()
    one.link.close(forget=True)


def test_what_the_broker_has_said_is_heard_although_the_database_was_away_just_then(
    cloud: CloudStore, broker: Broker
) -> None:
    service = CloudService(cloud, pairing(broker.port, CLOUD), longest_back_off_s=0.2)
    sets, said = ("First Light", "Second Light"), list[Outcome]()
    outcomes = service.link.outcomes

    def both_at_once() -> list[Outcome]:
        said.extend(outcomes())
        if not service._publishing.keys() <= {outcome.number for outcome in said}:
            return []
        found = list(said)
        said.clear()
        return found

    service.link.outcomes = both_at_once  # type: ignore[method-assign]

    def tell(amount_minor: int) -> None:
        for name in sets:
            price = PriceTold("card-1", "normal", "NM", "EUR", amount_minor, "tcgcsv", NOW)
            tell_prices(cloud, "demo", name, [price], now_ms())

    def published() -> bool:
        service.turn(0.02)
        return not asked(cloud, text("SELECT count(*) FROM price_feed WHERE told <> published"))

    tell(100)
    fail_on(cloud, "price_feed")
    with pytest.raises(StoreError):
        until(lambda: bool(service.turn(0.02)))
    mend(cloud, "price_feed")
    until(published)
    tell(200)
    until(published)
    service.link.close(forget=True)
