"""The import rule: imports go one way, and only a driver imports its library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "scanner": {"scanner"},
    "firmware": {"firmware", "scanner"},
    "sync": {"sync", "scanner"},
    "webui": {"webui", "scanner"},
    "models": {"models", "scanner"},
}
OURS = set(MAY_IMPORT)


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


EVERY_SOURCE = [path for package in sorted(OURS) for path in sources(package)]


def imports_of(source: str) -> Iterator[str]:
    """Every module that a source imports, anywhere in it, also by a name given as a string."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a module comes from"
            yield node.module or ""
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in ("importlib.import_module", "import_module", "__import__")
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def top(module: str) -> str:
    return module.partition(".")[0]


def breaks_the_rule(package: str, source: str) -> set[str]:
    return {top(module) for module in imports_of(source)} & OURS - MAY_IMPORT[package]


@pytest.mark.parametrize("package", sorted(OURS))
def test_imports_go_one_way(package: str) -> None:
    assert sources(package)
    broken = {
        str(path.relative_to(ROOT)): sorted(found)
        for path in sources(package)
        if (found := breaks_the_rule(package, path.read_text(encoding="utf-8")))
    }
    assert not broken


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("scanner", "import firmware.loop"),
        ("scanner", "from webui import app"),
        ("scanner", "def f():\n    import sync.agent"),
        ("firmware", "from webui.app import create_app"),
        ("webui", "import importlib\nimportlib.import_module('firmware.loop')"),
        ("sync", "import webui"),
    ],
)
def test_the_rule_sees_a_forbidden_import(package: str, line: str) -> None:
    assert breaks_the_rule(package, line)


@pytest.mark.parametrize("package", sorted(OURS))
def test_every_package_file_is_empty(package: str) -> None:
    """So that importing one module of a package loads nothing else: the page never loads TFLite."""
    filled = [
        str(path.relative_to(ROOT))
        for path in sources(package)
        if path.name == "__init__.py" and path.read_text(encoding="utf-8")
    ]
    assert not filled


def importers_of(library: str) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in EVERY_SOURCE
        if library in {top(module) for module in imports_of(path.read_text(encoding="utf-8"))}
    }


def test_only_gpio_drivers_and_the_simulated_machine_import_gpiozero() -> None:
    others = {
        path
        for path in importers_of("gpiozero")
        if not path.endswith("_gpio.py") and not path.startswith("firmware/simulated/")
    }
    assert not others


def test_only_the_pi_camera_imports_picamera2() -> None:
    assert importers_of("picamera2") <= {"firmware/camera_picamera2.py"}


def test_only_the_core_and_the_training_import_the_tflite_runtime() -> None:
    others = {
        path
        for path in importers_of("ai_edge_litert")
        if not path.startswith(("scanner/", "models/train/"))
    }
    assert not others


def test_only_the_store_opens_sqlite() -> None:
    """A pack is a file of its own, which nobody writes while it is read."""
    others = {
        path
        for path in importers_of("sqlite3")
        if not path.startswith(("scanner/store", "scanner/migrat", "scanner/catalog/"))
    }
    assert not others
