from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.store import Store
from sync.page_restart import RestartOrder


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "device"


@pytest.fixture
def page(data_dir: Path) -> Iterator[Store]:
    Store.open(data_dir, role="feed").close()
    with Store.open(data_dir, role="web") as store:
        yield store


def test_the_exchange_ends_once_for_each_order_and_only_where_it_is_started_again(
    page: Store, data_dir: Path
) -> None:
    with Store.open(data_dir, role="sync") as store:
        order = RestartOrder(store, is_kept_alive=True)
        assert not order.look()
        page.add_command("pause")
        assert not order.look()
        page.add_command("restart")
        assert order.look()
        assert order.is_given
        assert not RestartOrder(store, is_kept_alive=True).look()
        page.add_command("restart")
        assert not RestartOrder(store, is_kept_alive=False).look()
        assert store.exchange_orders() == []
    # The feed process has an answer of its own to give.
    assert [command.kind for command in page.pending_commands()] == ["pause", "restart", "restart"]


def test_the_feed_process_leaves_the_exchanges_orders_alone(page: Store, data_dir: Path) -> None:
    update = page.add_command("update", {"target": "pack/demo", "version": "2"})
    assert page.pending_commands() == []
    with Store.open(data_dir, role="sync") as store:
        assert [command.id for command in store.exchange_orders()] == [update.id]
        assert page.command_outcome(update.id or 0) is None
        store.answer_order(update.id or 0, "It was withdrawn.")
        store.answer_order(update.id or 0, "done")
        assert store.exchange_orders() == []
    assert page.command_outcome(update.id or 0) == "It was withdrawn."
