"""`counterscan cloud …`: the cloud's end. Each action is a module of its own, loaded by name."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from scanner.commands import Command, Parser, listing, load_command
from scanner.errors import UsageError

ACTIONS: Mapping[str, Command] = {
    "serve": Command("sync.cloud.serve_command", "take in what devices send, and publish prices"),
    "ingest": Command("sync.cloud.ingest_command", "take rows in beside other workers"),
    "worker": Command("sync.cloud.worker_command", "run the jobs that beat asks for, with Redis"),
    "beat": Command("sync.cloud.beat_command", "ask for the jobs when they are due, with Redis"),
    "simulate": Command("sync.cloud.simulate_command", "a fleet of devices against a cloud"),
    "export": Command("sync.cloud.moving_command", "write the cloud's data to a folder"),
    "import": Command("sync.cloud.moving_command", "read an export into an empty database"),
    "verify": Command("sync.cloud.moving_command", "compare the database with an export"),
    "job": Command("sync.cloud.job_command", "run a job of the schedule now, or list them"),
    "api": Command("sync.cloud.api_command", "serve the API alone; several may share the work"),
    "account": Command("sync.cloud.account_command", "people who may use the API, and its keys"),
    "prices": Command("sync.cloud.price_command", "take prices in from a CSV file"),
    "collect": Command("sync.cloud.collect_command", "collect prices from their sources now"),
    "sources": Command("sync.cloud.sources_command", "try the price sources, and name cards"),
    "rates": Command("sync.cloud.rates_command", "take currency rates in, and convert amounts"),
    "publish": Command("sync.cloud.publish_command", "give a pack or models to the devices"),
    "ask": Command("sync.cloud.ask_command", "ask one device to start, pause, update, send logs"),
    "refused": Command("sync.cloud.refused_command", "list the rows that the cloud could not use"),
    "key": Command("sync.cloud.key_command", "make a key that packs and models are signed with"),
    "broker-acl": Command("sync.cloud.acl_command", "print the access list that Mosquitto needs"),
}
_PROGRAM = "counterscan cloud"
_BEFORE = ("--config", "--data", "--log-level", "--show-config")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the action; its own options are declared once its module is loaded."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        f"actions:\n{listing(ACTIONS)}\n\n"
        f"The options above stand before ACTION; {_PROGRAM} ACTION --help tells its own."
    )
    parser.add_argument("action", nargs="?", metavar="ACTION")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Do it. Raises CounterscanError with what to do."""
    if args.action is None:
        raise UsageError(f"say what the cloud is to do: {_PROGRAM} {'|'.join(ACTIONS)}")
    module = load_command(args.action, ACTIONS, _PROGRAM)
    for word in args.rest:
        if word.partition("=")[0] in _BEFORE:
            raise UsageError(
                f"{word} stands before the action: counterscan {word} … cloud {args.action}"
            )
    about = ACTIONS[args.action].help
    parser = Parser(
        prog=f"{_PROGRAM} {args.action}", description=f"{about[:1].upper()}{about[1:]}."
    )
    module.add_arguments(parser)
    parser.parse_args(args.rest, namespace=args)
    return module.run(args)
