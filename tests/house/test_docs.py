from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from scanner.commands import COMMANDS
from scanner.config import Settings, as_toml, setting_paths

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIG = (ROOT / "docs/CONFIG.md").read_text(encoding="utf-8")


def names_in(source: Path) -> set[str]:
    """Every class, function and method of a file, methods as `Class.method`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{inner.name}"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef)
            }
    return found


@pytest.mark.parametrize(
    ("name", "file"), re.findall(r"\[`([\w.]+)`\]\(([\w/]+\.py)\)", README), ids=lambda part: part
)
def test_the_walk_of_one_card_names_what_is_there(name: str, file: str) -> None:
    assert name in names_in(ROOT / file)


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "docs/CONFIG.md",
        "docs/PAGE.md",
        "docs/REVIEW.md",
        "docs/RESULTS.md",
        "docs/HARDWARE.md",
        "docs/SYNC.md",
        "docs/ALERTS.md",
        "docs/PRICES.md",
        "docs/CLOUD-API.md",
        "docs/INSTALL.md",
        "docs/SECURITY.md",
    ],
)
def test_every_link_leads_somewhere(document: str) -> None:
    file = ROOT / document
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text(encoding="utf-8"))
    assert [target for target in targets if not (file.parent / target).exists()] == []


def test_the_readme_names_the_two_commands_and_only_known_targets() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z]+)$", README, re.MULTILINE))
    assert named == {"demo", "test"}
    assert named <= targets


def test_the_readme_shows_only_commands_that_there_are() -> None:
    shown = set(re.findall(r"counterscan ([a-z]+)", README))
    assert shown <= set(COMMANDS)


def rows_of(section: str) -> dict[str, list[str]]:
    """The table of one section of docs/CONFIG.md: cells by the setting's name."""
    heading = f"## `[{section}]`" if section else "## At the top of the file"
    text = CONFIG.split(heading + "\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in rows}


@pytest.mark.parametrize("keys", setting_paths(), ids=".".join)
def test_every_setting_is_documented_as_it_is(keys: tuple[str, ...]) -> None:
    default, variable, meaning = rows_of(keys[0] if len(keys) == 2 else "")[keys[-1]]
    assert variable == f"`COUNTERSCAN_{'_'.join(keys).upper()}`"
    assert meaning == setting_paths()[keys]
    if keys != ("data_dir",):
        value = Settings().model_dump(mode="json")
        for key in keys:
            value = value[key]
        assert default.strip("`") == as_toml(tuple(value) if isinstance(value, list) else value)


def test_no_setting_is_documented_that_is_not_there() -> None:
    documented = {(name,) for name in rows_of("")}
    for section in re.findall(r"^## `\[(\w+)\]`$", CONFIG, re.MULTILINE):
        documented |= {(section, name) for name in rows_of(section)}
    assert documented == set(setting_paths())


def test_the_changelog_knows_the_version() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
