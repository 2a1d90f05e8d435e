"""`counterscan cloud broker-acl`: who may read and write what at the broker."""

from __future__ import annotations

import argparse

from sync.cloud.broker import access_list


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--cloud-user", default="cloud", metavar="NAME", help="the cloud's own user"
    )


def run(args: argparse.Namespace) -> int:
    """Print it."""
    print(access_list(args.cloud_user), end="")
    return 0
