"""A command imports what it uses, and nothing of what makes others slow."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from pipelines.cli import PARTS, application
from tests.places import ROOT

HEAVY = ("torch", "sklearn", "pandas", "scipy.stats", "transformers", "streamlit", "argilla", "openai", "tinker")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["dataset", "list"], ["findings", "--help"]])
def test_a_command_that_fits_no_model_loads_no_library_for_models(tmp_path: Path, arguments: list[str]) -> None:
    project = [] if arguments[0].startswith("--") else ["--project", str(tmp_path / "p")]
    if project:
        assert _loaded(["init", str(tmp_path / "p")]) == set()
    assert _loaded([*arguments, *project]) == set()


def _loaded(arguments: list[str]) -> set[str]:
    """The heavy modules that a command has imported when it ends."""
    code = f"import sys; from pipelines.cli import main; main({arguments!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = set(done.stderr.splitlines()[-1].split())
    return {name for name in HEAVY if name in modules}


def test_each_command_is_known_by_the_module_that_has_it() -> None:
    every = set(typer.main.get_command(application()).commands)  # type: ignore[attr-defined]
    assert every == {command for commands in PARTS.values() for command in commands.split()}
    for command in every:
        alone = typer.main.get_command(application([command]))
        assert command in alone.commands, command  # type: ignore[attr-defined]
    both = typer.main.get_command(application(["review"]))
    assert {"import", "disputed"} <= set(both.commands["review"].commands)  # type: ignore[attr-defined]
