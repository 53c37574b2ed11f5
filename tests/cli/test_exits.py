"""Exit codes and messages of requests that cannot be met."""

import json
from pathlib import Path

import pytest

from curator import __version__
from pipelines.cli import main
from tests.cli.command import run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--versions"], "--versions"),
        (["nonsense"], "nonsense"),
        (["ingest"], "argument"),
        (["plan", "--reviews", "many"], "--reviews"),
        (["cost"], "price-in"),
        (["findings", "--kind", "nonsense"], "near_duplicate"),
        ([], "name a command"),
        (["dataset"], "name a command"),
        (["dataset", "list", "--project"], "--project"),
    ],
)
def test_a_command_line_that_cannot_be_understood_exits_with_2_and_names_the_word(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    message = capsys.readouterr().err
    assert said in message
    assert "Traceback" not in message


def test_a_misused_command_with_json_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["exit_code"] == 2


def test_a_folder_that_cannot_be_made_exits_with_2_and_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("x")
    assert main(["init", str(in_the_way / "project")]) == 2
    message = capsys.readouterr().err
    assert str(in_the_way) in message
    assert "Traceback" not in message


@pytest.mark.parametrize("content", ['name = "t"\nlabels = ["a"]\n', "name = \n", 'name = "t"\nlabel = ["a", "b"]\n'])
def test_a_task_file_that_makes_no_task_is_a_wrong_request(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = tmp_path / "task.toml"
    task.write_text(content)
    assert main(["init", str(tmp_path / "p")]) == 0
    assert main(["dataset", "create", "d", "--task", str(task), "--project", str(tmp_path / "p")]) == 2
    assert str(task) in capsys.readouterr().err


def test_the_version_is_told_without_a_project() -> None:
    assert run("--version").out == f"curator {__version__}\n"
    assert run("--version", "--json").json == {"curator": __version__}
