"""Fixtures that tests of several layers share, and how the tests are dealt out to several processes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from storage.engine.store import Store
from tests.templates import copy_of

# How long an example takes says something about the machine, and nothing about the code.
settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

LONG_FIRST = (
    "tests/argilla/",
    "tests/demo/",
    "tests/browser/",
    "tests/pipelines/bench/",
    "tests/pipelines/",
    "tests/cli/",
)
"""Folders in the order in which they begin, so that no process sits over a long file when the others are done."""


class ByFile(LoadScopeScheduling):
    """Deals whole files out to the processes, and all that need the Argilla server as one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "tests/argilla" if file.startswith("tests/argilla/") else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long folders first; within one the order stays."""
    items.sort(key=lambda item: next((n for n, at in enumerate(LONG_FIRST) if item.nodeid.startswith(at)), 99))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """How `pytest -n N` deals tests out."""
    return ByFile(config, log)


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Streamlit's AppTest puts the page it runs in the place of `__main__`, where a spawned process would run it."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store of today's schema."""
    copy_of("empty store", lambda folder: Store.create(folder / "curator.duckdb"), tmp_path)
    return Store(tmp_path / "curator.duckdb")
