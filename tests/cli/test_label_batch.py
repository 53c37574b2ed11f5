"""What is left to ask goes out as a provider's batch file, and its results are the teacher's labels: paid once."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import main

TASK = 'name = "t"\nkind = "classification"\nlabels = ["a", "b"]\nrubric = "Say a or b."\n'


class Project:
    """Three rows, the first and the last of one text; `run` gives a command's report."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder / "project", capsys
        (folder / "task.toml").write_text(TASK)
        rows = [{"id": "r1", "text": "one"}, {"id": "r2", "text": "two"}, {"id": "r3", "text": "one"}]
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        self.run("init", str(self.folder))
        self.run("dataset", "create", "d", "--task", str(folder / "task.toml"))
        self.run("ingest", str(folder / "rows.jsonl"), "--dataset", "d")

    def run(self, *words: str, code: int = 0) -> dict[str, Any]:
        self.capsys.readouterr()
        assert main([*words, "--project", str(self.folder), "--json"]) == code, self.capsys.readouterr()
        found: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return found


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")  # nothing listens: whatever is asked fails
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    return Project(tmp_path, capsys)


def results(requests: list[dict[str, Any]], said: dict[str, str], file: Path) -> str:
    """A results file as OpenAI writes it."""
    lines = []
    for number, request in enumerate(requests):
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": said[request["custom_id"]]},
        }
        body = {"id": "c", "object": "chat.completion", "created": 1, "model": "tiny", "choices": [choice]}
        response = {"status_code": 200, "request_id": f"{file.stem}-{number}", "body": body}
        lines.append(
            json.dumps({"id": f"b{number}", "custom_id": request["custom_id"], "response": response, "error": None})
        )
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_batch_is_written_its_results_come_in_and_nothing_is_asked_again(project: Project, tmp_path: Path) -> None:
    report = project.run("label", "--teacher", "tiny", "--write-batch", str(tmp_path / "b.jsonl"))
    written = lines(tmp_path / "b.jsonl")
    assert (report["batched"], [each["custom_id"] for each in written]) == (2, ["r1", "r2"]), "equal rows share one"
    assert written[0]["url"] == "/v1/chat/completions"
    assert "Say a or b." in written[0]["body"]["messages"][0]["content"]
    waiting = project.run("label", "--teacher", "tiny")
    assert (waiting["unasked"], waiting["by_status"]) == ({"batched": 3}, {}), "what is under way is not asked as well"
    came = results(written, {"r1": "a", "r2": "Final Answer: b"}, tmp_path / "out.jsonl")
    project.run("ingest", came, "--dataset", "d", "--labeler", "tiny")
    done = project.run("label", "--teacher", "tiny")
    assert (done["already"], done["kept"], done["by_status"], done["unasked"]) == (2, 1, {}, {})
    assert project.run("dataset", "show", "d")["labels"] == {"a": 2, "b": 1}
    assert project.run("label", "--teacher", "tiny")["already"] == 3


def test_the_same_answers_under_a_new_rubric_are_new_labels(project: Project, tmp_path: Path) -> None:
    for number, rubric in enumerate(("Say a or b, please.", "Just a or b.")):
        project.run("task", "set", "--rubric", rubric)
        file = tmp_path / f"b{number}.jsonl"
        project.run("label", "--teacher", "tiny", "--write-batch", str(file))
        came = results(lines(file), {"r1": "a", "r2": "b"}, tmp_path / f"out{number}.jsonl")
        project.run("ingest", came, "--dataset", "d", "--labeler", "tiny")
        assert (
            project.run("label", "--teacher", "tiny")["already"] + project.run("label", "--teacher", "tiny")["already"]
        )
        assert project.run("dataset", "show", "d")["stale"]["rows"] == 0
    again = project.run("ingest", came, "--dataset", "d", "--labeler", "tiny")
    assert again["labels_added"] == 0, "read twice adds nothing"


def test_each_provider_gets_its_own_form(project: Project, tmp_path: Path) -> None:
    project.run("label", "--teacher", "anthropic:c", "--write-batch", str(tmp_path / "a.jsonl"))
    (first, _second) = lines(tmp_path / "a.jsonl")
    assert (first["custom_id"], first["params"]["model"]) == ("r1", "c")
    project.run("label", "--teacher", "gemini:g", "--write-batch", str(tmp_path / "g.jsonl"))
    (first, _second) = lines(tmp_path / "g.jsonl")
    assert first["key"] == "r1"
    assert first["request"]["contents"][0]["parts"][0]["text"].endswith("Text:\none")


def test_what_cannot_be_written_is_refused_in_words(project: Project, tmp_path: Path) -> None:
    (tmp_path / "there.jsonl").write_text("mine")
    said = project.run("label", "--teacher", "tiny", "--write-batch", str(tmp_path / "there.jsonl"), code=2)
    assert "exists" in said["error"]
    assert (tmp_path / "there.jsonl").read_text() == "mine"
    several = ("label", "--teacher", "tiny", "--samples", "2", "--write-batch", str(tmp_path / "s.jsonl"))
    assert "--samples" in project.run(*several, code=2)["error"]
