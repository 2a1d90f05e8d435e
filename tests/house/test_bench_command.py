from __future__ import annotations

import pytest

from scanner import cli
from scanner.bench_command import BENCHMARKS


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_every_benchmark_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["bench", name, "--help"])
    assert left.value.code == 0
    assert f"counterscan bench {name}" in capsys.readouterr().out


def test_an_unknown_benchmark_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "sped"]) == 2
    assert "did you mean speed?" in capsys.readouterr().err


def test_without_a_name_the_benchmarks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench"]) == 2
    assert "recognition|feed|speed|search|catalog|scenes" in capsys.readouterr().err
