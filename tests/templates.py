"""Folders that many tests start from: each is made once in a process, and copied for each test."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Hashable
from pathlib import Path

_MADE: dict[Hashable, Path] = {}


def copy_of(key: Hashable, make: Callable[[Path], object], to: Path) -> None:
    """Copy a template into a folder, which may exist.

    Args:
        key: What tells one template from others.
        make: Makes it in a folder that is there and empty. It must not depend on the test that asks first.
        to: Where the copy goes.
    """
    if key not in _MADE:
        folder = Path(tempfile.mkdtemp(prefix="curator-template-")).resolve()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        make(folder)
        _MADE[key] = folder
    shutil.copytree(_MADE[key], to, dirs_exist_ok=True)
