from __future__ import annotations

from pathlib import Path

import pytest

from scanner.errors import StoreError
from scanner.store import Store
from scanner.tables import Batch
from tests.store.cards import identified


def test_a_command_waits_until_it_is_answered(store: Store, data_dir: Path) -> None:
    with Store.open(data_dir, role="web") as web:
        start = web.add_command("start", {"name": "a stack", "expected_cards": 40})
        pause = web.add_command("pause")
        waiting = store.pending_commands()
        assert [(c.kind, c.argument) for c in waiting] == [
            ("start", {"name": "a stack", "expected_cards": 40}),
            ("pause", {}),
        ]
        assert web.command_outcome(start.id) is None
        store.finish_command(start.id)
        assert [c.id for c in store.pending_commands()] == [pause.id]
        store.finish_command(pause.id, "There is nothing to pause.")
        assert store.pending_commands() == []
        assert web.command_outcome(start.id) == "done"
        assert web.command_outcome(pause.id) == "There is nothing to pause."
        resume = web.add_command("resume")
        assert [c.id for c in store.pending_commands()] == [resume.id]


def test_commands_answered_out_of_order_lose_none(store: Store, data_dir: Path) -> None:
    with Store.open(data_dir, role="web") as web:
        first, second, third = (web.add_command(kind) for kind in ("start", "pause", "stop"))
        store.finish_command(second.id)
        assert [c.id for c in store.pending_commands()] == [first.id, third.id]
        store.finish_command(third.id)
        assert [c.id for c in store.pending_commands()] == [first.id]
        store.finish_command(first.id)
        assert store.pending_commands() == []


def test_the_first_answer_stands(store: Store, data_dir: Path) -> None:
    with Store.open(data_dir, role="web") as web:
        command = web.add_command("start")
        store.finish_command(command.id, "done")
        store.finish_command(command.id, "too late")
        assert web.command_outcome(command.id) == "done"


def test_what_waited_while_the_machine_was_off_is_still_there(data_dir: Path) -> None:
    with Store.open(data_dir, role="feed"), Store.open(data_dir, role="web") as web:
        command = web.add_command("start")
    with Store.open(data_dir, role="feed") as again:
        assert [c.id for c in again.pending_commands()] == [command.id]


def test_the_feeders_last_movement_is_remembered(store: Store, batch: Batch) -> None:
    assert store.last_movement() is None
    store.add_movements(batch.id, [("feeding", "7")])
    store.add_movements(batch.id, [("ejected", "7")])
    last = store.last_movement()
    assert last is not None
    assert (last.kind, last.feed_key, last.batch_id) == ("ejected", "7", batch.id)


def test_each_table_has_one_writing_process(store: Store, batch: Batch, data_dir: Path) -> None:
    with pytest.raises(StoreError, match="Only the web process"):
        store.add_command("pause")
    for role in ("web", "reader"):
        with Store.open(data_dir, role=role) as other:
            for write in (
                lambda other=other: other.create_batch("mine", 0, "usb"),
                lambda other=other: other.add_event(batch.id, "paused"),
                lambda other=other: other.add_movements(batch.id, [("feeding", "1")]),
                lambda other=other: other.finish_command(1),
                lambda other=other: other.commit_scan(
                    batch.id, identified(), feed_key=None, driver="usb"
                ),
            ):
                with pytest.raises(StoreError, match="Only the feed process"):
                    write()
    with (
        Store.open(data_dir, role="reader") as reader,
        pytest.raises(StoreError, match="Only the web process"),
    ):
        reader.add_command("pause")
