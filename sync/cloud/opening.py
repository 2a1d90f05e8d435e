"""What every action of `counterscan cloud` begins with: the settings, and the database."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable
from pathlib import Path

from scanner.config import Settings
from sync.cloud.config import CloudConfig, read_cloud_config
from sync.cloud.postgres import Patience
from sync.cloud.store import CloudStore


def add_config_argument(parser: argparse.ArgumentParser) -> None:
    """Let another file than `cloud.toml` hold the settings."""
    parser.add_argument(
        "--cloud-config", "--pairing", type=Path, metavar="FILE", dest="cloud_config",
        help="the cloud's settings (default: cloud.toml in the data folder, else /etc/counterscan)",
    )  # fmt: skip


def config_of(args: argparse.Namespace) -> CloudConfig:
    """The settings. Raises ConfigError."""
    settings: Settings = args.settings
    return read_cloud_config(settings.data_dir, args.cloud_config)


def open_store(
    args: argparse.Namespace, config: CloudConfig, patience: Patience | None = None
) -> CloudStore:
    """The database, brought to today's tables. Raises StoreError, ConfigError."""
    settings: Settings = args.settings
    return CloudStore(settings.data_dir, config.database, patience)


def until_told() -> Callable[[], bool]:
    """Whether this process was told to end, from now on."""
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: signals.append(number))
    return lambda: bool(signals)
