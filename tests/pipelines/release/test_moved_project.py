"""A project is a folder that can be moved or copied."""

from pathlib import Path

from pipelines.release import release, verify
from pipelines.release.release import ReleaseConfig
from pipelines.runtime import settings as project_settings
from storage.release import versions
from tests.sample_project import make_project

WAIVED = {"waive": ("certificate", "test_reviewed"), "why": "a test"}


def test_a_project_that_moved_finds_its_versions_and_one_outside_stays_where_it_is(tmp_path: Path) -> None:
    settings = make_project(tmp_path / "project")
    config = ReleaseConfig("support", **WAIVED)
    release.run(config, settings.store, settings.releases)
    elsewhere = tmp_path / "elsewhere"
    release.run(ReleaseConfig("support", labels="teacher", out=elsewhere, **WAIVED), settings.store, settings.releases)
    moved = project_settings.load(settings.project.rename(tmp_path / "moved"))
    inside, outside = (versions.get(moved.store, "support", number) for number in (1, 2))
    assert Path(inside.path).is_relative_to(moved.project)
    assert Path(outside.path) == elsewhere
    for version in (inside, outside):
        assert not verify.run(verify.VerifyConfig(Path(version.path), expected_sha256=version.manifest_sha256)).problems
    again = release.run(config, moved.store, moved.releases)
    assert (again.version, again.created, again.path) == ("support@1", False, inside.path)
