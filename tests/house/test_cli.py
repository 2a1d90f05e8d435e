from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from scanner import cli, commands
from scanner.errors import ConfigError, CounterscanError
from tests.conftest import Counterscan


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Put a sub-command `probe` in the table; what its `action` does is up to the test."""
    module = SimpleNamespace(action=lambda _args: 0)
    module.add_arguments = lambda parser: parser.add_argument("--own")
    module.run = lambda args: module.action(args)
    monkeypatch.setitem(sys.modules, "probe_module", module)  # type: ignore[arg-type]
    monkeypatch.setitem(
        commands.COMMANDS,  # type: ignore[arg-type]
        "probe",
        commands.Command("probe_module", "look"),
    )
    return module


def test_the_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    shown = capsys.readouterr().out
    for name, command in commands.COMMANDS.items():
        assert f"  {name}" in shown
        assert command.help in shown


@pytest.mark.parametrize("name", sorted(commands.COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([name, "--help"])
    assert left.value.code == 0
    assert f"counterscan {name}" in capsys.readouterr().out


def test_asking_for_help_loads_no_heavy_library() -> None:
    heavy = "{'numpy', 'cv2', 'flask', 'sqlmodel', 'ai_edge_litert', 'gpiozero'}"
    code = f"import sys, scanner.cli as c; c.main([]); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_page_loads_neither_model_nor_vision() -> None:
    code = "import sys, webui.command; print(sorted({'cv2','ai_edge_litert'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_global_options_stand_before_or_after_the_command(
    probe: SimpleNamespace, tmp_path: Path
) -> None:
    seen: list[argparse.Namespace] = []
    probe.action = lambda args: seen.append(args) or 7
    assert cli.main(["--data", str(tmp_path), "probe", "--own", "1"]) == 7
    assert cli.main(["probe", "--own", "1", "--data", str(tmp_path)]) == 7
    for args in seen:
        assert args.settings.data_dir == tmp_path
        assert args.own == "1"
        assert commands.global_arguments(args) == ["--data", str(tmp_path)]


def test_an_error_of_ours_is_one_sentence_and_its_exit_code(
    probe: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_args: argparse.Namespace) -> int:
        raise ConfigError("the belt is off;\n  put it on")

    probe.action = fail
    assert cli.main(["probe"]) == 2
    assert capsys.readouterr().err == "counterscan: the belt is off; put it on.\n"


def test_a_defect_is_not_hidden(probe: SimpleNamespace) -> None:
    probe.action = lambda _args: 1 // 0
    with pytest.raises(ZeroDivisionError):
        cli.main(["probe"])


def test_ctrl_c_is_quiet(probe: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    probe.action = interrupt
    assert cli.main(["probe"]) == 130
    assert capsys.readouterr().err == ""


def test_a_missing_library_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"probe": commands.Command("picamera2_that_is_not_here", "look")}
    with pytest.raises(CounterscanError, match="picamera2_that_is_not_here.*make setup"):
        commands.load_command("probe", table, "counterscan")


def test_a_missing_module_of_our_own_is_a_defect() -> None:
    table = {"probe": commands.Command("scanner.lost", "look")}
    with pytest.raises(ModuleNotFoundError):
        commands.load_command("probe", table, "counterscan")


def test_show_config_prints_and_stops(probe: SimpleNamespace, tmp_path: Path) -> None:
    ran: list[object] = []
    probe.action = ran.append
    assert cli.main(["probe", "--show-config", "--data", str(tmp_path)]) == 0
    assert not ran


def test_show_config_names_where_each_value_comes_from(
    counterscan: Counterscan, tmp_path: Path
) -> None:
    file = tmp_path / "counterscan.toml"
    file.write_text("[web]\nport = 81\n")
    done = counterscan("--config", file, "--show-config")
    assert done.returncode == 0
    assert f"port = 81  # {file}, line 2" in done.stdout


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    done = subprocess.run(
        f'"{sys.executable}" -m scanner.cli --show-config | true',
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""


def test_sigterm_lets_every_finally_run(tmp_path: Path) -> None:
    module = tmp_path / "slow_probe.py"
    module.write_text(
        "import sys, time\n"
        "def add_arguments(parser): pass\n"
        "def run(args):\n"
        "    try:\n"
        "        print('at work', flush=True)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        print('safe', flush=True)\n"
    )
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); sys.argv[1:] = ['probe']\n"
        "from scanner import cli, commands\n"
        "commands.COMMANDS['probe'] = commands.Command('slow_probe', '')\n"
        "sys.exit(cli.main())\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    process.terminate()
    assert process.stdout.readline() == "safe\n"
    assert process.wait(60) == 143
