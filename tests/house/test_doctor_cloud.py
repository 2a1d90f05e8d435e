from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

from scanner.config import load_settings
from scanner.doctor_checks import Status
from scanner.doctor_cloud import check_clock, check_cloud
from scanner.store import Store
from scanner.store_sync import LinkKind


def paired(folder: Path, broker: str) -> Path:
    (folder / "sync.toml").write_text(f'broker = "{broker}"\nuser = "counter-1"\npassword = "x"\n')
    return folder


def test_a_device_without_a_cloud_works_alone(tmp_path: Path) -> None:
    check = check_cloud(load_settings(data_dir=tmp_path))
    assert check.status is Status.GOOD
    assert "works alone" in check.found


def test_the_doctor_knocks_at_the_broker(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = broker.getsockname()[1]
        settings = load_settings(data_dir=paired(tmp_path, f"mqtt://127.0.0.1:{port}"))
        answering = check_cloud(settings)
    assert (answering.status, answering.found) == (
        Status.GOOD, "paired as counter-1 with 127.0.0.1, which answers",
    )  # fmt: skip
    away = check_cloud(settings)
    assert away.status is Status.NOTE
    assert f"127.0.0.1:{port} does not answer" in away.found
    assert "nothing is lost" in away.remedy


def test_what_the_exchange_said_last_is_told(tmp_path: Path) -> None:
    Store.open(tmp_path, role="feed").close()
    with Store.open(tmp_path, role="sync") as store:
        store.add_sync_event(LinkKind.REFUSED, "The broker does not let this device in: revoked.")
    check = check_cloud(load_settings(data_dir=paired(tmp_path, "mqtt://127.0.0.1:1")))
    assert check.found == "The broker does not let this device in: revoked"


def test_a_pairing_that_is_none_is_no_stack_trace(tmp_path: Path) -> None:
    for text in ("broker = ", 'user = "counter-1"', 'broker = "http://x"', 'broker = "mqtt://x:y"'):
        (tmp_path / "sync.toml").write_text(text)
        check = check_cloud(load_settings(data_dir=tmp_path))
        assert check.status is Status.NOTE
        assert "counterscan sync" in check.remedy


def test_a_clock_that_stands_in_the_past_is_told(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    assert check_clock(settings).status is Status.GOOD
    wrong = check_clock(settings, datetime(1970, 1, 1, tzinfo=UTC))
    assert wrong.status is Status.NOTE
    assert "1970-01-01" in wrong.found
    assert "timedatectl" in wrong.remedy
