"""`sudo make install`: what makes a machine a scanner that starts by itself."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = sorted(unit.name for unit in (ROOT / "systemd").glob("*.service"))

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-sysusers") is None or os.geteuid() != 0,
    reason="laying a system's files needs systemd's tools and root",
)


def install(*words: str, under: Path | None, of: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the installer; `under` is the root that it lays files in, None this machine's own."""
    environment = {"PATH": os.environ["PATH"]} | ({"DESTDIR": str(under)} if under else {})
    return subprocess.run(
        [of / "tools/install.sh", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def owned(path: Path, root: Path) -> tuple[str, str, str]:
    """Mode, owner and group of a path, by the names that the installed system has for them."""
    found = path.stat()
    names = {
        file: {int(row.split(":")[2]): row.split(":")[0] for row in rows.splitlines()}
        for file in ("passwd", "group")
        for rows in [(root / "etc" / file).read_text()]
    }
    return (
        oct(stat.S_IMODE(found.st_mode)),
        {0: "root", **names["passwd"]}[found.st_uid],
        {0: "root", **names["group"]}[found.st_gid],
    )


def test_it_lays_user_folders_units_and_command(tmp_path: Path) -> None:
    done = install(under=tmp_path)
    assert done.returncode == 0, done.stderr
    wanted = tmp_path / "etc/systemd/system/multi-user.target.wants"
    assert sorted(unit.name for unit in wanted.iterdir()) == UNITS
    for unit in UNITS:
        laid = tmp_path / "etc/systemd/system" / unit
        assert laid.read_text() == (ROOT / "systemd" / unit).read_text()
    data = owned(tmp_path / "var/lib/counterscan", tmp_path)
    assert data == ("0o750", "counterscan", "counterscan")
    assert owned(tmp_path / "etc/counterscan", tmp_path) == ("0o755", "root", "root")
    groups = (tmp_path / "etc/group").read_text()
    for group in ("video", "gpio"):
        assert any(
            row.startswith(f"{group}:") and row.endswith("counterscan")
            for row in groups.splitlines()
        )
    assert os.access(tmp_path / "usr/local/bin/counterscan", os.X_OK)


def test_it_may_be_run_again_and_be_taken_away_without_the_data(tmp_path: Path) -> None:
    assert install(under=tmp_path).returncode == 0
    (tmp_path / "var/lib/counterscan/log.db").write_text("cards")
    (tmp_path / "etc/counterscan/counterscan.toml").write_text("[web]\nport = 80\n")
    again = install(under=tmp_path)
    assert again.returncode == 0, again.stderr
    gone = install("remove", under=tmp_path)
    assert gone.returncode == 0, gone.stderr
    assert "stay" in gone.stderr
    assert list(tmp_path.glob("etc/systemd/system/**/*.service")) == []
    assert not (tmp_path / "usr/local/bin/counterscan").exists()
    assert (tmp_path / "var/lib/counterscan/log.db").read_text() == "cards"
    assert (tmp_path / "etc/counterscan/counterscan.toml").exists()


def test_it_says_where_the_program_must_lie(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    for name in ("install.sh", "appliance.sh", "apt.sh"):
        shutil.copy(ROOT / "tools" / name, tmp_path / "tools" / name)
    refused = install(under=None, of=tmp_path)
    assert refused.returncode == 1
    assert f"sudo git clone {tmp_path} /opt/counterscan" in refused.stderr
    assert not Path("/etc/sysusers.d/counterscan.conf").exists()


def test_it_refuses_a_word_that_it_does_not_know(tmp_path: Path) -> None:
    refused = install("uninstal", under=tmp_path)
    assert refused.returncode == 1
    assert "remove" in refused.stderr
    assert list(tmp_path.iterdir()) == []
