"""One Argilla server for all tests of this folder. Where it cannot run they skip with the reason, but never in CI."""

import os
from collections.abc import Iterator

import pytest

from tests.argilla.server import ArgillaServer, Unavailable, server_at


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgillaServer]:
    """A real argilla-server, empty but for its owner."""
    try:
        made = server_at(tmp_path_factory.mktemp("argilla"))
    except Unavailable as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Argilla server here: {reason}")
    yield made
    made.tear_down()
