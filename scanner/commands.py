"""The sub-commands of `counterscan`, by name only, so that each loads what it needs and no more."""

from __future__ import annotations

import argparse
import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, Protocol, cast

from scanner.errors import CounterscanError, UsageError


class CommandModule(Protocol):
    """What the module of a sub-command offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the sub-command's own options."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it and return the exit code; `args.settings` holds the settings in force."""


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table: the module to load and what the help says of it."""

    module: str
    help: str


COMMANDS: Mapping[str, Command] = {
    "demo": Command("firmware.demo", "feed a stack of demo cards past the simulated machine"),
    "run": Command("scanner.run_command", "start feed loop, page and, if paired, the exchange"),
    "feed": Command("firmware.feed_command", "feed, name and log cards, one after another"),
    "web": Command("webui.command", "serve the page"),
    "sync": Command("sync.command", "exchange with the cloud; enrol pairs this device"),
    "cloud": Command("sync.cloud.command", "the cloud's end: take scans in, give prices out"),
    "identify": Command("scanner.identify_command", "name the cards in pictures"),
    "export": Command("scanner.export.command", "write the stock to a file of another program"),
    "catalog": Command("scanner.catalog.command", "build, check and choose catalog packs"),
    "sort": Command("scanner.sorting.command", "sort rules: show, try and plan"),
    "bench": Command("scanner.bench_command", "measure accuracy and speed on this machine"),
    "retry": Command("firmware.retry_command", "try unknown and review scans again"),
    "selftest": Command("firmware.selftest_command", "run a golden deck and say what drifted"),
    "calibrate": Command(
        "firmware.calibrate", "measure camera, feeder and sorter for the settings"
    ),
    "doctor": Command("firmware.doctor", "check this machine and say what to mend"),
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one sentence that says where the help is."""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` in place of printing the whole usage."""
        raise UsageError(f"{message}; see {self.prog} --help")


def load_command(name: str, table: Mapping[str, Command], program: str) -> CommandModule:
    """Import and return the module behind `name`.

    Raises `UsageError` for a name that is not in `table`, `CounterscanError` for a library that is
    not installed.
    """
    if name not in table:
        near = difflib.get_close_matches(name, table, 1)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(table)}"
        raise UsageError(f"{program} has no command {name!r}; {hint}")
    try:
        return cast(CommandModule, importlib.import_module(table[name].module))
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("scanner", "firmware", "sync", "webui", "models"):
            raise
        raise CounterscanError(
            f"the library {missing} is not installed here; run make setup, then try again"
        ) from error


def listing(table: Mapping[str, Command]) -> str:
    """Return the table as indented lines for a help text."""
    width = max(map(len, table))
    return "\n".join(f"  {name:<{width}}  {command.help}" for name, command in table.items())


def global_arguments(args: argparse.Namespace) -> list[str]:
    """Return the global options of `args` as words, to start another sub-command with the same."""
    words: list[str] = []
    for option, value in (
        ("--config", args.config),
        ("--data", args.data),
        ("--log-level", args.log_level),
    ):
        if value is not None:
            words += [option, str(value)]
    return words
