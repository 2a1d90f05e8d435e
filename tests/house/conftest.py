"""What tests of the whole command share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small pack of pictures that show nothing in particular."""
    folder = tmp_path_factory.mktemp("pack")
    rng = np.random.default_rng(5)
    rows = ["path,card_id,name,set,number,variant"]
    for number in range(4):
        coarse = rng.integers(0, 255, (8, 6, 3), np.uint8)
        picture = cv2.resize(coarse, (224, 320), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
        rows.append(f"{number}.png,c{number},Card {number},First,{number},")
    (folder / "facts.csv").write_text("\n".join(rows) + "\n")
    command = [sys.executable, "-m", "scanner.cli", "catalog", "build", "--game", "probe"]
    command += ["--pictures", str(folder), "--facts", str(folder / "facts.csv")]
    done = subprocess.run(
        [*command, "--out", str(folder / "probe")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return folder / "probe"
