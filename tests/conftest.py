"""Fixtures that tests of several layers share."""

from pathlib import Path

import pytest

from storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store of today's schema."""
    return Store.create(tmp_path / "curator.duckdb")
