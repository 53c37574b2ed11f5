"""Projects for the pages to show."""

from pathlib import Path

import pytest

from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from tests.sample_project import make_project


@pytest.fixture
def empty_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A project without a dataset, named by the environment."""
    monkeypatch.setenv("CURATOR_PROJECT", str(tmp_path / "project"))
    return project_settings.init(tmp_path / "project")[0]


@pytest.fixture
def project(empty_project: Settings) -> Settings:
    """A project with the dataset `support`: 200 rows labelled by `teacher`."""
    return make_project(empty_project.project)
