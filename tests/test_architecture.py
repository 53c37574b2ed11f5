"""Who may import whom, and what the pure core may not touch."""

import ast
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
IMPURE_MODULES = {"pathlib", "os", "shutil", "tempfile", "time", "random", "socket", "subprocess", "logging"}
IMPURE_CALLS = {
    "open",
    "io.open",
    "print",
    "input",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.date.today",
}
PURE_PATHS = {"PurePath", "PurePosixPath"}
UNSEEDED = {"np.random", "numpy.random"}
SEEDED = {"default_rng", "Generator", "SeedSequence"}


LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
PLANTED = """
import torch
from pipelines.adapters import argilla
from pipelines.release import release
"""


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(LINT, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        ("pipelines/newroom.py", "rooms of the pipelines"),
        ("pipelines/intake/newstep.py", "only adapters speak to outside systems"),
        ("curator/newroom.py", "rooms of the core"),
        ("storage/newroom.py", "rooms of the store"),
        ("pages/newroom.py", "rooms of the app"),
    ],
)
def test_a_module_that_nobody_has_written_yet_is_guarded_too(tmp_path: Path, place: str, broken: str) -> None:
    for layer in ("curator", "storage", "pipelines", "pages"):
        shutil.copytree(ROOT / layer, tmp_path / layer, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / place).write_text(PLANTED if place.startswith("pipelines") else "", encoding="utf-8")
    done = subprocess.run([*LINT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    verdicts = done.stdout.replace("\n", " ")
    assert re.search(rf"{broken}[^.]*? BROKEN", verdicts), verdicts


def room_of(path: Path) -> str | None:
    """The room of the core that a file is in: `certificates` for curator/certificates/bounds.py and for its tests."""
    parts = path.relative_to(ROOT).parts
    start = 1 if parts[0] == "tests" else 0
    return parts[start + 1] if parts[start] == "curator" and len(parts) > start + 2 else None


def test_others_import_from_a_room_and_never_from_a_module_inside_it() -> None:
    rooms = {p.parent.name for p in (ROOT / "curator").glob("*/__init__.py")}
    reached: list[str] = []
    for layer in ("curator", "storage", "pipelines", "pages"):
        for file in (ROOT / layer).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                match node:
                    case ast.ImportFrom(module=str(module), names=names) if module.startswith("curator."):
                        _, room, *inside = module.split(".")
                        modules = [n.name for n in names if (ROOT / "curator" / room / f"{n.name}.py").exists()]
                        public = set(importlib.import_module(f"curator.{room}").__all__) if room in rooms else set()
                        if room in rooms and room != room_of(file) and (inside or set(modules) - public):
                            reached.append(f"{file.relative_to(ROOT)}:{node.lineno} {module}")
    assert reached == []


def test_a_room_names_what_it_offers() -> None:
    for place in sorted((ROOT / "curator").glob("*/__init__.py")):
        room = importlib.import_module(f"curator.{place.parent.name}")
        assert room.__doc__, place
        assert sorted(set(room.__all__)) == sorted(room.__all__), place
        assert not [name for name in room.__all__ if not hasattr(room, name)], place


def test_no_page_lies_flat_where_streamlit_would_serve_it_past_the_guard() -> None:
    assert [p.name for p in (ROOT / "pages").glob("*.py")] == ["__init__.py"]


def impurities(source: str) -> list[str]:
    """Imports and calls that reach files, the clock, or randomness without a seed."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [f"import {n.name}" for n in names if n.name.split(".")[0] in IMPURE_MODULES]
            case ast.ImportFrom(module="pathlib", names=names) if {n.name for n in names} <= PURE_PATHS:
                continue  # paths as names: they open nothing
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in IMPURE_MODULES:
                found.append(f"from {module} import")
            case ast.Call(func=func):
                name = ast.unparse(func)
                if name in IMPURE_CALLS:
                    found.append(f"{name}()")
                owner, _, method = name.rpartition(".")
                if owner in UNSEEDED and (method not in SEEDED or not (node.args or node.keywords)):
                    found.append(f"{name}()")
    return found


@pytest.mark.parametrize("file", sorted((ROOT / "curator").rglob("*.py")), ids=lambda p: p.name)
def test_the_core_is_pure(file: Path) -> None:
    # The protocols name paths that adapters read; they open nothing.
    allowed = ["from pathlib import"] if file.name == "ports.py" else []
    assert [x for x in impurities(file.read_text(encoding="utf-8")) if x not in allowed] == []


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "import random",
        "from pathlib import Path",
        "import time",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.now()",
        "import numpy as np\nnp.random.rand(3)",
        "import numpy as np\nnp.random.default_rng()",
    ],
)
def test_the_purity_check_sees_what_it_should(source: str) -> None:
    assert impurities(source)


def test_the_purity_check_lets_a_seeded_generator_pass() -> None:
    assert impurities("import numpy as np\nnp.random.default_rng(3)\nnp.random.default_rng(seed=seed)") == []
