"""`counterscan cloud key new`: a key that packs and models are signed with."""

from __future__ import annotations

import argparse
from pathlib import Path

from scanner.signing import new_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is to be done."""
    actions = parser.add_subparsers(dest="key_action", required=True, metavar="ACTION")
    new = actions.add_parser("new", help="make a private key, and print the public one")
    new.add_argument("file", type=Path, metavar="FILE", help="where to put the private key")


def run(args: argparse.Namespace) -> int:
    """Do it. Raises UsageError where there is such a file."""
    print(f"Keep {args.file} safe. Devices need this in trusted_keys: {new_key(args.file)}")
    return 0
