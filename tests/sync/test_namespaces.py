"""Device and cloud on networks of their own, and a cut of which neither end is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scanner.cli import main
from sync.bench_apart import run_apart
from sync.bench_namespaces import CLOUD_ADDRESS, Namespaces, why_not

WHY_NOT = why_not()
may_make_networks = pytest.mark.skipif(WHY_NOT != "", reason=WHY_NOT or "they can be made")


@may_make_networks
def test_every_scan_arrives_once_though_no_end_is_told_of_the_cuts(tmp_path: Path) -> None:
    report = run_apart(tmp_path, scans=300, faults=3, seed=11, within_s=300)
    assert report["differences"] == []
    assert report["faults"] == {"silence until noticed": 1, "short silence": 1, "device killed": 1}
    assert report["scans"] == 320


@may_make_networks
def test_a_cut_says_nothing_to_whoever_is_connected() -> None:
    port = 4000
    listener = (
        f"import socket, sys; s = socket.create_server(('0.0.0.0', {port})); "
        "print('listens', flush=True); c, _ = s.accept(); print(c.recv(9).decode(), flush=True); "
        "print(c.recv(9).decode(), flush=True)"
    )
    speaker = (
        f"import socket, sys; c = socket.create_connection(('{CLOUD_ADDRESS}', {port})); "
        "c.sendall(b'before'); print('said', flush=True); sys.stdin.readline(); "
        "c.sendall(b'within'); c.settimeout(1.5)\n"
        "try:\n    print(repr(c.recv(9)), flush=True)\n"
        "except TimeoutError:\n    print('silence', flush=True)\n"
        "sys.stdin.readline()"
    )
    with Namespaces() as networks:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        there = subprocess.Popen([*networks.cloud, sys.executable, "-c", listener], **pipes)  # type: ignore[call-overload]
        assert there.stdout.readline() == "listens\n"
        here = subprocess.Popen([*networks.device, sys.executable, "-c", speaker], **pipes)  # type: ignore[call-overload]
        assert there.stdout.readline() == "before\n"
        assert here.stdout.readline() == "said\n"
        networks.cut()
        here.stdin.write("\n")
        here.stdin.flush()
        assert here.stdout.readline() == "silence\n"
        networks.join()
        assert there.stdout.readline() == "within\n"  # TCP itself makes up for it
        here.communicate("\n", timeout=60)
        there.communicate(timeout=60)
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert networks.device[3] not in left.stdout


def test_without_the_right_it_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sync.bench_namespaces.os.geteuid", lambda: 1000)
    assert main(["bench", "sync", "--namespaces", "--scans", "10"]) != 0
    assert "made by root alone" in capsys.readouterr().err
    assert "root" in why_not()
