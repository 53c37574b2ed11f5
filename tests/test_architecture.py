"""Who may import whom, and what the pure core may not touch."""

import ast
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


def test_the_import_contracts_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


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
