from __future__ import annotations

import json
import random
import zlib
from collections.abc import Sequence
from itertools import pairwise

import pytest

from scanner.store_sync import Row, Stream
from sync.link import Outcome, Verdict
from sync.outbox import MOST_UNDER_WAY, Outbox
from sync.protocol_rows import OfferMadeRows, ScanRows
from sync.wire import fits, unpack
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


def outbox_of(stream: Stream, rows: list[Row]) -> tuple[Outbox, list[bytes]]:
    """An outbox over a log of these rows, and what it has sent."""
    sent: list[bytes] = []

    def publish(_stream: Stream, payload: bytes) -> int:
        sent.append(payload)
        return len(sent)

    def read(of: Stream, after: int, limit: int) -> list[Row]:
        return [row for row in rows if of is stream and row["id"] > after][:limit]

    return Outbox(read, publish, {}, behind_s=30), sent


def test_a_text_of_any_length_goes_out_clipped() -> None:
    good = Shop([1]).read(Stream.SCAN, 0, 10)[0]
    outbox, sent = outbox_of(Stream.SCAN, [{**good, "name": "x" * 5000, "reasons": ["y"] * 60}])
    outbox.step(LOG, 0)
    [row] = unpack(sent[0], ScanRows).rows
    assert (row.name, len(row.reasons)) == ("x" * 400, 50)


def test_every_card_that_was_bought_is_told() -> None:
    bought = list(range(1, 2001))
    offer = {"id": 1, "created_at": NOW, "batch_id": 1, "outcome": "cash", "bought": bought}
    outbox, sent = outbox_of(Stream.OFFER_MADE, [offer])
    outbox.step(LOG, 0)
    assert unpack(sent[0], OfferMadeRows).rows[0].bought == bought


@pytest.mark.parametrize("broken", [{"decision": "perhaps"}, {"score": float("nan")}])
def test_a_row_that_the_protocol_does_not_know_goes_alone_and_holds_up_no_other(
    broken: dict[str, object],
) -> None:
    rows = Shop(range(1, 8)).read(Stream.SCAN, 0, 10)
    rows[3] = {**rows[3], **broken}
    outbox, sent = outbox_of(Stream.SCAN, rows)
    for _ in range(3):
        assert outbox.step(LOG, 0)
    assert not outbox.step(LOG, 0)
    parts = [json.loads(zlib.decompress(payload)) for payload in sent]
    assert [[row["id"] for row in part["rows"]] for part in parts] == [[1, 2, 3], [4], [5, 6, 7]]
    assert [part["after"] for part in parts] == [0, 3, 4]
    assert unpack(sent[2], ScanRows).after == 4
    assert outbox.problem == ""


def test_a_message_is_never_larger_than_the_cloud_takes() -> None:
    """The broker drops what is larger, and says nothing."""
    chance = random.Random(3)
    rows: list[Row] = [
        {"id": number, "created_at": NOW, "batch_id": number, "outcome": "cash",
         "bought": [chance.randrange(2**40) for _ in range(20_000)]}
        for number in range(1, 31)
    ]  # fmt: skip
    outbox, sent = outbox_of(Stream.OFFER_MADE, rows)
    while outbox.step(LOG, 0):
        outbox.answered(Outcome(len(sent), Verdict.KEPT), 0)
    assert all(fits(payload) for payload in sent)
    got = [row for payload in sent for row in unpack(payload, OfferMadeRows).rows]
    assert [row.bought for row in got] == [row["bought"] for row in rows]
    assert len(sent) < 10 + len(rows) // 2


def test_what_can_not_be_sent_at_all_is_said_and_other_streams_go_on() -> None:
    scans = Shop(range(1, 600)).read(Stream.SCAN, 0, 600)
    sent: list[Stream] = []
    noise = "".join(random.Random(7).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=3_000_000))
    batch = {"id": 1, "created_at": NOW, "name": {"no": noise}, "driver": "d"}

    def read(stream: Stream, after: int, limit: int) -> list[Row]:
        found = {Stream.SCAN: scans, Stream.BATCH: [batch]}.get(stream, [])
        return [row for row in found if row["id"] > after][:limit]

    def publish(stream: Stream, _payload: bytes) -> int:
        sent.append(stream)
        return len(sent)

    outbox = Outbox(read, publish, {}, hold_s=20)
    while outbox.step(LOG, 0):
        outbox.answered(Outcome(len(sent), Verdict.KEPT), 0)
    assert sent == [Stream.SCAN] * 3
    assert "A batch after number 0 can't be sent" in outbox.problem
    batch["name"] = "Stack"
    assert outbox.step(LOG, 21)
    assert (sent[-1], outbox.problem) == (Stream.BATCH, "")


def test_what_goes_out_again_in_vain_goes_out_less_and_less_often_and_is_said() -> None:
    shop = Shop([1])
    shop.outbox.received({"scan": 0}, 0)
    sent_at_s, now_s = list[int](), 0
    while len(sent_at_s) < 13:
        if shop.outbox.step(LOG, now_s):
            sent_at_s.append(now_s)
            shop.answer(len(shop.sent), now_s=now_s)
        if len(sent_at_s) == 3:
            assert shop.outbox.problem == ""
        now_s += 1
    gaps = [later - earlier for earlier, later in pairwise(sent_at_s)]
    assert gaps == [*[31] * 4, 61, 121, 241, 481, 961, 1921, 3601, 3601]
    assert "does not say that it is on its disk" in shop.outbox.problem
    shop.outbox.received({"scan": 1}, now_s)
    assert shop.outbox.problem == ""
    assert not shop.outbox.step(LOG, now_s + 9999)


def test_a_cloud_that_is_back_is_sent_what_it_lacks_before_long() -> None:
    shop = Shop([1])
    shop.outbox.received({"scan": 0}, 0)
    for now_s in range(4000):
        if shop.outbox.step(LOG, now_s):
            shop.answer(len(shop.sent), now_s=now_s)
    before = len(shop.sent)
    shop.outbox.received({"scan": 0}, 4000)  # told anew, with nothing new in it
    for now_s in range(4000, 4040):
        shop.outbox.step(LOG, now_s)
    assert len(shop.sent) == before + 1


def test_a_gap_is_closed_although_cards_come_without_a_pause() -> None:
    shop = Shop([])
    shop.outbox.received({"scan": 1}, 0)  # whatever comes after it waits for what was lost
    for now_s in range(1, 600):
        shop.ids.append(now_s)
        shop.send_all(now_s)
        shop.answer(len(shop.sent), now_s=now_s)
    assert [after for after, _ in shop.sent].count(1) == 2
