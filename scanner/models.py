"""The model files that came with the program: checked against their manifest, opened once."""

from __future__ import annotations

import hashlib
import importlib.metadata
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner.errors import ModelError

MODELS_DIR = Path(__file__).resolve().parent.parent / "models"
_WAY_OUT = "reinstall Counterscan, or run `make train` to make it again"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model of the manifest; `model_id` names exactly these bytes: `embedder-1a2b3c4d`."""

    path: Path
    model_id: str
    facts: dict[str, Any]


def read_manifest(name: str, models_dir: Path | None = None) -> ModelFile:
    """The model `name` of `manifest.toml`, its SHA-256 checked. Raises ModelError."""
    folder = models_dir or MODELS_DIR
    manifest = folder / "manifest.toml"
    try:
        models = tomllib.loads(manifest.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{manifest} can't be read ({error.strerror}); {_WAY_OUT}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{manifest} is damaged ({error}); {_WAY_OUT}") from error
    facts = models.get(name)
    if not isinstance(facts, dict) or "file" not in facts or "sha256" not in facts:
        raise ModelError(f"{manifest} has no model {name!r}; {_WAY_OUT}")
    path = folder / str(facts["file"])
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{path} can't be read ({error.strerror}); {_WAY_OUT}") from error
    if digest != facts["sha256"]:
        raise ModelError(f"{path} is not the file the manifest describes; {_WAY_OUT}")
    return ModelFile(path, f"{name}-{digest[:8]}", facts)


def open_interpreter(file: ModelFile, threads: int) -> tuple[Any, str]:
    """A TFLite interpreter with its tensors allocated, and the runtime's name and version."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ModelError(
            f"the TFLite runtime can't be loaded ({error}); run `make setup`"
        ) from error
    try:
        interpreter = Interpreter(model_path=str(file.path), num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{file.path} can't be opened ({error}); {_WAY_OUT}") from error
    version = importlib.metadata.version("ai-edge-litert")
    return interpreter, f"ai-edge-litert {version}"


def models_by_digest(models_dir: Path | None = None) -> dict[str, str]:
    """Name and SHA-256 of every model in the manifest; nothing where it can't be read."""
    try:
        text = ((models_dir or MODELS_DIR) / "manifest.toml").read_text(encoding="utf-8")
        models = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    return {
        name: str(facts["sha256"])
        for name, facts in models.items()
        if isinstance(facts, dict) and "sha256" in facts
    }
