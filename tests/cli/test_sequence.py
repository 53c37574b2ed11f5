"""Several commands as one job of the app."""

from pathlib import Path

from pipelines.runtime import jobs
from pipelines.runtime import settings as project_settings

WAIT_S = 600


def test_a_chain_runs_every_command_and_its_result_is_that_of_the_last(tmp_path: Path) -> None:
    project = project_settings.init(tmp_path / "p")[0].project
    argv = ("dataset", "list", jobs.THEN, "doctor")
    job = jobs.wait(project, jobs.start(project, argv, "two commands"), WAIT_S)
    assert job is not None
    assert job.state == "done"
    assert job.result is not None
    assert "adapters" in job.result


def test_a_chain_ends_at_the_first_command_that_fails_and_says_why(tmp_path: Path) -> None:
    project = project_settings.init(tmp_path / "p")[0].project
    argv = ("dataset", "show", "nowhere", jobs.THEN, "doctor")
    job = jobs.wait(project, jobs.start(project, argv, "two commands"), WAIT_S)
    assert job is not None
    assert (job.state, job.exit_code) == ("failed", 2)
    assert job.result is not None
    assert "nowhere" in job.result["error"]
