"""The trainers' own loaders, in an environment of their own: installed on request, and asked to read a release."""

import importlib.metadata
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curator.errors import OutsideError, RequestError
from curator.release import FileProof, Proof

_PACKAGES = (
    "torch==2.13.0",
    "datasets==5.2.0",
    "transformers==5.24.0",
    "trl==1.16.0",
    "mistral-common==1.13.1",
    "together==3.1.1",
    "mlcroissant==1.1.1",
)
"""Pinned, torch first: left to pip as somebody's dependency, another build would bring gigabytes of CUDA."""
HOUR = 3600
SCRIPT = Path(__file__).with_name("loader_script.py")


def folder() -> Path:
    """Where the environment is: `CURATOR_LOADERS`, else in the user's cache, so that projects share it."""
    named = os.environ.get("CURATOR_LOADERS")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else cache / "curator" / "loaders"


def python() -> Path:
    """Its interpreter, whether it is there or not."""
    return folder() / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def installed() -> dict[str, str | None]:
    """Package -> version in the environment; None where it is missing."""
    names = [each.partition("==")[0] for each in _PACKAGES]
    site = next(folder().glob("lib/python*/site-packages"), folder() / "Lib" / "site-packages")
    found = {
        each.name.lower().replace("_", "-"): each.version for each in importlib.metadata.distributions(path=[str(site)])
    }
    return {name: found.get(name) for name in names}


def install() -> None:
    """Make the environment, or complete it. `TORCH_PIP_ARGS` are pip's arguments for torch, as in the Makefile.

    Raises:
        OutsideError: pip failed.
    """
    if not python().exists():
        _run([sys.executable, "-m", "venv", str(folder())])
    pip = [str(python()), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    _run([*pip, *shlex.split(os.environ.get("TORCH_PIP_ARGS", "")), _PACKAGES[0]])
    _run([*pip, *_PACKAGES])


def _run(command: Sequence[str]) -> str:
    made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=HOUR)
    if made.returncode:
        msg = f"{' '.join(command[:5])} … failed: {made.stderr.strip()[-600:] or made.stdout.strip()[-600:]}"
        raise OutsideError(msg)
    return made.stdout


def prove(release: str, meant: Sequence[Mapping[str, Any]]) -> Proof:
    """Read a release by every loader that is here, tinker-cookbook's in Curator's own environment.

    Args:
        release: Its folder.
        meant: A row of each line of its data files, in order: `path`, `id`, `prompt` and `answers` (texts; None for a
            turn that is more than a text).

    Raises:
        RequestError: The environment is not there.
        OutsideError: A loader's process failed.
    """
    if not python().exists():
        msg = f"the trainers' loaders are not installed in {folder()}; run `curator doctor --loaders` first"
        raise RequestError(msg)
    found: list[FileProof] = []
    own = [row for row in meant if row["path"].startswith("tinker/")]
    others = [row for row in meant if not row["path"].startswith("tinker/")]
    for interpreter, rows, croissant in ((str(python()), others, False), (sys.executable, own, False)):
        if rows:
            found += _ask(interpreter, Path(release), rows, croissant=croissant)
    found += _ask(str(python()), Path(release), meant, croissant=True)
    read = {each.path for each in found if not each.loader.startswith("mlcroissant")}
    return Proof(tuple(found), tuple(sorted({row["path"] for row in meant} - read)))


def _ask(interpreter: str, release: Path, rows: Sequence[Mapping[str, Any]], *, croissant: bool) -> list[FileProof]:
    with tempfile.TemporaryDirectory(prefix="curator-loaders-") as name:
        work = Path(name)
        (work / "release").symlink_to(release.resolve(), target_is_directory=True)
        (work / "meant.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        request = {"folder": str(work / "release"), "meant": str(work / "meant.jsonl"), "croissant": croissant}
        (work / "request.json").write_text(json.dumps(request))
        said = _run([interpreter, "-W", "ignore", str(SCRIPT), str(work / "request.json")])
    files = json.loads(said.strip().splitlines()[-1])["files"]
    return [FileProof(**{**each, "problems": tuple(each["problems"])}) for each in files]
