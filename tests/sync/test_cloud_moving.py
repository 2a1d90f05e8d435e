from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from scanner.cli import main
from sync.bench_log import FilledLog, differences
from sync.cloud.config import CloudConfig
from sync.cloud.ingest import Ingest
from sync.cloud.jobs import JobContext, run_if_due
from sync.cloud.moving import MovingError, compared, contents_of, export, import_all, read_manifest
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.store import CloudStore
from sync.protocol import DeviceState
from tests.sync.conftest import DEVICE
from tests.sync.test_cloud_schema import AS_OF, told
from tests.sync.test_cloud_store import incoming, messages


@pytest.fixture
def filled_cloud(filled: FilledLog, cloud_store: CloudStore) -> CloudStore:
    filled.add_scans(300)
    filled.add_corrections(80)
    cloud_store.take(messages(filled.data_dir))
    cloud_store.take_states({DEVICE: DeviceState(online=True, release="1")})
    Ingest(cloud_store).take([incoming("nowhere", b"\0rubbish")])
    tell_prices(cloud_store, "demo", "A", told(AS_OF, datetime(2019, 1, 1, tzinfo=UTC)), now_ms())
    run_if_due("partitions", JobContext(cloud_store, CloudConfig(), AS_OF))
    return cloud_store


def test_a_cloud_moves_to_postgresql_and_back_without_a_difference(
    filled: FilledLog, filled_cloud: CloudStore, postgres_url: str, tmp_path: Path
) -> None:
    written = export(filled_cloud, tmp_path / "there")
    assert written["scan"].rows == 300
    with CloudStore(tmp_path / "new", postgres_url) as postgres:
        assert import_all(postgres, tmp_path / "there") == written
        assert compared(written, contents_of(postgres)) == []
        assert differences(filled.data_dir, postgres, DEVICE) == []
        # Ids go on where they were: nothing that follows collides with what was moved.
        run_if_due("clean-up", JobContext(postgres, CloudConfig(), AS_OF))
        tell_prices(postgres, "demo", "B", told(AS_OF), now_ms())
        export(postgres, tmp_path / "back")
    with CloudStore(tmp_path / "third") as sqlite:
        import_all(sqlite, tmp_path / "back")
        assert compared(read_manifest(tmp_path / "back"), contents_of(sqlite)) == []
        assert differences(filled.data_dir, sqlite, DEVICE) == []


def test_what_differs_is_told_by_table(
    filled_cloud: CloudStore, postgres_url: str, tmp_path: Path
) -> None:
    export(filled_cloud, tmp_path / "there")
    with CloudStore(tmp_path / "new", postgres_url) as postgres:
        import_all(postgres, tmp_path / "there")
        with postgres.log.write() as session:
            session.connection().execute(text("UPDATE scan SET name = 'x' WHERE id = 7"))
            session.connection().execute(text("DELETE FROM correction WHERE id = 3"))
        wrong = compared(read_manifest(tmp_path / "there"), contents_of(postgres))
    assert len(wrong) == 2
    assert wrong[0].startswith("correction has ")
    assert wrong[1] == "scan has as many rows, 300, but not the same"


def test_a_damaged_export_is_refused_whole(filled_cloud: CloudStore, tmp_path: Path) -> None:
    folder = tmp_path / "there"
    export(filled_cloud, folder)
    scans = folder / "scan.jsonl.gz"
    lines = gzip.decompress(scans.read_bytes()).splitlines(keepends=True)
    for broken in (gzip.compress(b"".join(lines[:-1])), scans.read_bytes()[:-40], b"rubbish"):
        scans.write_bytes(broken)
        with CloudStore(tmp_path / "new") as new:
            with pytest.raises(MovingError, match=r"damaged|can't be read"):
                import_all(new, folder)
            assert all(each.rows == 0 for each in contents_of(new).values())


def test_the_commands_say_what_they_did_and_what_is_wrong(
    filled_cloud: CloudStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, folder = tmp_path / "cloud", tmp_path / "new", str(tmp_path / "there")
    assert main(["--data", str(old), "cloud", "export", folder]) == 0
    assert "300 scan" in capsys.readouterr().out
    assert main(["--data", str(old), "cloud", "export", folder]) == 1
    assert "not there yet" in capsys.readouterr().err
    assert main(["--data", str(new), "cloud", "import", folder]) == 0
    assert main(["--data", str(new), "cloud", "verify", folder]) == 0
    assert "the same on both sides" in capsys.readouterr().out
    assert main(["--data", str(new), "cloud", "import", folder]) == 1
    assert "not empty" in capsys.readouterr().err
    assert main(["--data", str(new), "cloud", "verify", str(tmp_path)]) == 1
    assert "holds no export" in capsys.readouterr().err
    with CloudStore(new) as store, store.log.write() as session:
        session.connection().execute(text("DELETE FROM scan"))
    assert main(["--data", str(new), "cloud", "verify", folder]) == 1
    assert "scan has 0 rows in place of 300" in capsys.readouterr().out


def test_what_holds_hashes_of_passwords_is_for_its_user_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with CloudStore(tmp_path / "cloud") as store:
            store.take_states({DEVICE: DeviceState(online=True)})
            files = list((tmp_path / "cloud").glob("cloud.db*"))
            assert len(files) == 3
            assert all(file.stat().st_mode & 0o077 == 0 for file in files)
            export(store, tmp_path / "far" / "export")
        (tmp_path / "cloud" / "cloud.db").chmod(0o644)
        with CloudStore(tmp_path / "cloud"):
            assert (tmp_path / "cloud" / "cloud.db").stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)
    assert (tmp_path / "far" / "export").stat().st_mode & 0o777 == 0o700
