"""Fixtures that tests of several layers share, and how the tests are dealt out to several processes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.store import Store

ROOT = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process (`--dist loadgroup`), and all that need the Argilla server."""
    for item in items:
        argilla = item.path.is_relative_to(ROOT / "argilla")
        item.add_marker(pytest.mark.xdist_group("argilla" if argilla else str(item.path)))


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Streamlit's AppTest puts the page it runs in the place of `__main__`, where a spawned process would run it."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store of today's schema."""
    return Store.create(tmp_path / "curator.duckdb")
