from __future__ import annotations

from collections.abc import Sequence

from scanner.store_sync import Row, Stream
from sync.link import Outcome, Verdict
from sync.outbox import MOST_UNDER_WAY, Outbox
from sync.protocol_rows import ScanRows
from sync.wire import unpack
from tests.sync.test_wire import LOG, NOW


class Shop:
    """A log of scans with the given ids, and a broker that the test answers for."""

    def __init__(self, ids: Sequence[int], cursors: dict[str, int] | None = None) -> None:
        self.ids = list(ids)
        self.sent: list[tuple[int, list[int]]] = []
        self.outbox = Outbox(
            self.read, self.publish, cursors or {}, rows_per_message=10, behind_s=30, hold_s=20
        )

    def read(self, stream: Stream, after: int, limit: int) -> list[Row]:
        if stream is not Stream.SCAN:
            return []
        return [
            {"id": id_, "created_at": NOW, "decision": "review", "batch_id": 1, "sequence": id_}
            for id_ in self.ids
            if id_ > after
        ][:limit]

    def publish(self, stream: Stream, payload: bytes) -> int:
        message = unpack(payload, ScanRows)
        self.sent.append((message.after, [row.id for row in message.rows]))
        return len(self.sent)

    def send_all(self, now_s: float = 0) -> None:
        while self.outbox.step(LOG, now_s):
            pass

    def answer(self, *numbers: int, verdict: Verdict = Verdict.KEPT, now_s: float = 0) -> None:
        for number in numbers:
            self.outbox.answered(Outcome(number, verdict), now_s)

    @property
    def cursor(self) -> int:
        return self.outbox.cursors()["scan"]


def test_rows_go_out_oldest_first_and_each_message_names_the_one_before() -> None:
    shop = Shop([1, 2, 3, 10_004, *range(10_005, 10_020)])
    shop.send_all()
    assert [after for after, _ in shop.sent] == [0, 10_010]
    assert [id_ for _, ids in shop.sent for id_ in ids] == shop.ids


def test_the_cursor_moves_on_the_brokers_word_alone() -> None:
    shop = Shop(range(1, 31))
    shop.send_all()
    assert shop.cursor == 0
    shop.answer(2, 3)
    assert shop.cursor == 0  # the first may still be lost
    shop.answer(1)
    assert shop.cursor == 30


def test_only_a_few_messages_are_under_way_at_once() -> None:
    shop = Shop(range(1, 1001))
    shop.send_all()
    assert len(shop.sent) == MOST_UNDER_WAY
    shop.answer(1)
    shop.send_all()
    assert len(shop.sent) == MOST_UNDER_WAY + 1


def test_what_the_broker_refuses_is_said_and_goes_out_again_later() -> None:
    shop = Shop(range(1, 21))
    shop.send_all()
    shop.outbox.answered(Outcome(1, Verdict.REFUSED, "No rights."), 0)
    shop.answer(2)
    assert (shop.cursor, shop.outbox.problem) == (0, "No rights.")
    shop.send_all(now_s=19)
    assert len(shop.sent) == 2
    shop.send_all(now_s=20)
    assert shop.sent[2:] == shop.sent[:2]
    shop.answer(3, 4)
    assert (shop.cursor, shop.outbox.problem) == (20, "")


def test_a_message_that_nobody_heard_is_not_gone() -> None:
    shop = Shop(range(1, 6))
    shop.send_all()
    shop.answer(1, verdict=Verdict.UNHEARD)
    assert shop.cursor == 0
    assert "does not listen" in shop.outbox.problem


def test_what_the_broker_took_and_the_cloud_never_got_goes_out_again() -> None:
    shop = Shop(range(1, 31))
    shop.send_all()
    shop.answer(1, 2, 3)
    shop.outbox.received({"scan": 10}, now_mono_s=5)
    shop.send_all(now_s=34)
    assert len(shop.sent) == 3
    shop.send_all(now_s=36)
    assert [after for after, _ in shop.sent[3:]] == [10, 20]
    shop.answer(4, 5, now_s=36)
    shop.outbox.received({"scan": 30}, now_mono_s=37)
    shop.send_all(now_s=1000)
    assert len(shop.sent) == 5


def test_nothing_goes_out_again_while_the_cloud_is_silent_or_catching_up() -> None:
    shop = Shop(range(1, 31))
    shop.send_all()
    shop.answer(1, 2, 3)
    shop.send_all(now_s=1000)
    for now_s in range(0, 200, 20):
        shop.outbox.received({"scan": now_s // 20}, now_mono_s=now_s)
        shop.send_all(now_s=now_s + 19)
    assert len(shop.sent) == 3


def test_a_stream_that_an_older_cloud_does_not_know_waits_for_a_newer_one() -> None:
    counts = [{"id": 1, "created_at": NOW, "batch_id": 1, "cards": 9}]
    sent: list[Stream] = []

    def publish(stream: Stream, _payload: bytes) -> int:
        sent.append(stream)
        return len(sent)

    def read(stream: Stream, after: int, _limit: int) -> list[Row]:
        return counts if stream is Stream.HAND_COUNT and after < 1 else []

    outbox = Outbox(read, publish, {}, behind_s=30)
    assert outbox.step(LOG, 0)
    outbox.answered(Outcome(1, Verdict.KEPT), 0)
    outbox.received({"scan": 0}, now_mono_s=1)
    assert not outbox.step(LOG, 100)
    outbox.received({"scan": 0, "hand_count": 0}, now_mono_s=101)
    assert not outbox.step(LOG, 102)
    assert outbox.step(LOG, 200)
    assert sent == [Stream.HAND_COUNT] * 2


def test_a_restart_goes_on_at_the_cursor() -> None:
    shop = Shop(range(1, 31), {"scan": 20})
    shop.send_all()
    assert shop.sent == [(20, list(range(21, 31)))]


def test_nothing_is_sent_from_an_empty_log() -> None:
    assert not Shop([]).outbox.step("", 0)


def test_a_text_of_any_length_goes_out_clipped_and_a_row_of_another_world_is_told() -> None:
    shop = Shop([1])
    good = shop.read(Stream.SCAN, 0, 10)[0]
    sent: list[bytes] = []
    rows = [{**good, "name": "x" * 5000}]
    outbox = Outbox(
        lambda stream, after, _limit: rows if stream is Stream.SCAN and not after else [],
        lambda _stream, payload: sent.append(payload) or 1,  # type: ignore[func-returns-value]
        {},
    )
    outbox.step(LOG, 0)
    assert unpack(sent[0], ScanRows).rows[0].name == "x" * 400
    rows[0] = {**good, "decision": "perhaps"}
    other = Outbox(lambda *_: rows, lambda *_: 1, {})
    assert not other.step(LOG, 0)
    assert "please report this" in other.problem
    assert other.cursors()["scan"] == 0
