"""`models/manifest.toml`: what each model file is; exporters write it, the scanner reads it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any


def write_model(manifest: Path, name: str, file: Path, facts: dict[str, Any]) -> None:
    """Put the model `name` into the manifest, with the SHA-256 of its file; others stay."""
    models: dict[str, Any] = {}
    if manifest.exists():
        models = tomllib.loads(manifest.read_text(encoding="utf-8"))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    models[name] = {"file": file.name, "sha256": digest, **facts}
    parts = ["# The models that came with the program. Written by models/train, read at start-up."]
    parts += ["\n" + "\n".join(_table(key, models[key])) for key in sorted(models)]
    manifest.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _table(name: str, facts: dict[str, Any]) -> list[str]:
    lines = [f"[{name}]"]
    inner = {key: value for key, value in facts.items() if isinstance(value, dict)}
    for key, value in facts.items():
        if key not in inner:
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    for key, value in inner.items():
        lines += ["", *_table(f"{name}.{key}", value)]
    return lines
