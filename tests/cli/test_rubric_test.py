"""A rubric is tried on rows whose truth people settled; two are compared row by row, and nothing is paid twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import main
from storage.dataset import labels
from storage.engine.store import Store
from tests.pipelines.intake.fake_openai import KEY, FakeOpenAI, serve

ROWS = 20
TASK = 'name = "t"\nkind = "classification"\nlabels = ["a", "b"]\nrubric = "the old rule"\n'


class Project:
    """Twenty rows; ana says `a` of the even ones and `b` of the odd ones. `run` gives a command's report."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder / "project", capsys
        rows = [{"id": n, "text": f"row {n}", "label": "b" if n % 2 else "a"} for n in range(ROWS)]
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folder / "task.toml").write_text(TASK)
        (folder / "new.md").write_text("the new rule")
        self.new = str(folder / "new.md")
        self.run("init", str(self.folder))
        self.run("dataset", "create", "d", "--task", str(folder / "task.toml"))
        self.run("ingest", str(folder / "rows.jsonl"), "--source", "expert", "--labeler", "ana")

    def run(self, *words: str, code: int = 0) -> dict[str, Any]:
        self.capsys.readouterr()
        assert main([*words, "--project", str(self.folder), "--json"]) == code, self.capsys.readouterr()
        found: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return found

    def test(self, *words: str, code: int = 0) -> dict[str, Any]:
        return self.run(
            "rubric", "test", "--teacher", "tiny", "--price-in", "10", "--price-out", "20", *words, code=code
        )


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    return Project(tmp_path, capsys)


def answers(fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the old rule the teacher is right on rows 0 to 9 alone, under the new one on all but row 3."""

    def by_body(body: dict[str, Any]) -> tuple[int, str]:
        prompt = body["messages"][-1]["content"]
        number = int(prompt.rpartition("row ")[2])
        truth = "b" if number % 2 else "a"
        if "new rule" in prompt:
            return 200, "I cannot say" if number == 3 else truth
        return 200, truth if number < 10 else {"a": "b", "b": "a"}[truth]

    fake.by_body = by_body
    monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def test_the_teacher_is_scored_on_settled_truth_and_what_it_answered_is_not_paid_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(lambda text, before: (200, "a")) as fake:
        answers(fake, monkeypatch)
        (tried,) = project.test()["tried"]
        assert (tried["name"], tried["score"]["right"], tried["score"]["rows"]) == ("version 1", 10, 20)
        assert tried["score"]["low"] == pytest.approx(0.272, abs=1e-3)  # Clopper-Pearson of 10 in 20
        assert tried["score"]["high"] == pytest.approx(0.728, abs=1e-3)
        assert tried["score"]["confusions"] == [
            {"truth": "a", "answer": "b", "rows": 5},
            {"truth": "b", "answer": "a", "rows": 5},
        ]
        assert (tried["asked"], tried["cost_usd"]) == (20, pytest.approx(20 * (11 * 10 + 3 * 20) / 1e6))
        assert (tried["tokens_in"], tried["tokens_out"]) == (11, 3)
        (again,) = project.test()["tried"]
        assert (again["asked"], again["cost_usd"], again["score"]) == (0, 0.0, tried["score"])
        assert set(labels.frame(Store(project.folder / "curator.duckdb"), "d")["labeler"]) == {"ana"}
        report = project.run("label", "--teacher", "tiny")
        assert (report["labeled"], report["kept"], fake.asked.total()) == (20, 20, 20)


def test_two_rubrics_are_compared_row_by_row_by_an_exact_test(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(lambda text, before: (200, "a")) as fake:
        answers(fake, monkeypatch)
        report = project.test("--rubric", "1", "--against", project.new)
    old, new = report["tried"]
    assert (old["score"]["right"], new["score"]["right"]) == (10, 19)
    assert new["score"]["statuses"] == {"answered": 19, "invalid": 1}, "an answer that fits nothing is wrong"
    found = report["difference"]
    assert (found["both_right"], found["only_first"], found["only_second"], found["both_wrong"]) == (9, 1, 10, 0)
    assert found["p"] == pytest.approx(2 * (1 + 11) / 2**11)  # McNemar, exact: 1 against 10
    assert len(report["changed"]) == 11
    assert project.run("task", "history")["versions"][-1]["version"] == 1, "trying changes nothing"


def test_a_failed_request_is_no_wrong_answer_and_is_asked_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(lambda text, before: (400, "too long") if text == "row 3" and before == 0 else (200, "a")) as fake:
        monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        (tried,) = project.test()["tried"]
        assert (tried["unanswered"], tried["score"]["rows"], tried["score"]["right"]) == (1, 19, 10)
        (again,) = project.test()["tried"]
        assert (again["unanswered"], again["score"]["rows"], again["asked"]) == (0, 20, 1)


def test_rows_of_the_test_split_are_left_alone(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [{"id": f"t{n}", "text": f"row {n}", "label": "a"} for n in range(100, 104)]
    (tmp_path / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in more))
    project.run("ingest", str(tmp_path / "test.jsonl"), "--source", "expert", "--labeler", "ana", "--split", "test")
    with serve(lambda text, before: (200, "a")) as fake:
        monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        report = project.test()
        assert (report["rows"], report["left_in_test"], fake.asked.total()) == (20, 4, 20)
        assert project.test("--with-test")["rows"] == 24


def test_what_cannot_be_tried_is_refused_in_words(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert "no version 7" in project.test("--rubric", "7", code=2)["error"]
    assert "no file nowhere.md" in project.test("--rubric", "nowhere.md", code=2)["error"]
    assert "same definition" in project.test("--rubric", "1", "--against", "1", code=2)["error"]
