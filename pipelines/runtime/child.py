"""Our own modules in a process of their own: found where this code lies, whatever folder the work goes on in.

`python -m` looks in the current folder first. Somebody who trains in a folder with a package called `pipelines` or
`storage` of their own would otherwise run theirs in the place of ours.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
"""The folder that holds our packages: a checkout, or where they were installed."""


def command(module: str) -> list[str]:
    """Start `module` of ours with this interpreter; the current folder holds no code of ours."""
    return [sys.executable, "-P", "-m", module]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Make the environment of such a process: this one, `more`, and our own folder before any other."""
    paths = [str(HOME), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **(more or {}), "PYTHONPATH": os.pathsep.join(paths)}
