"""Running commands in this process, and a small project to run them on."""

import csv
import json
import random
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from pipelines.cli import main
from tests.templates import copy_of

LABELS = ("refund", "delivery", "account")
TASK = """\
name = "support"
kind = "classification"
rubric = "What does the customer want?"
[labels]
refund = "money back"
delivery = "a parcel"
account = "the user account"
"""
OPENINGS = ("Hello, ", "Good morning: ", "Please help. ", "Quick question, ", "")
BODIES = {
    "refund": ("I want my money back for order {}", "you charged order {} twice", "refund {} has not arrived yet"),
    "delivery": ("where is parcel {}", "the courier lost package {}", "parcel {} is three days late"),
    "account": ("I cannot log in as user {}", "change the e-mail of account {}", "delete profile {} for good"),
}
WRONG = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output; anything beside it fails."""
        (line,) = self.out.splitlines()
        return json.loads(line)


@dataclass(frozen=True, slots=True)
class Curator:
    """The command line on one project, always with `--json`."""

    project: Path

    def __call__(self, *arguments: object) -> Answer:
        """Run a command with `--json`."""
        return run("--project", self.project, *arguments, "--json")

    def ok(self, *arguments: object) -> Any:
        """The JSON of a command that must end with 0."""
        answer = self(*arguments)
        assert answer.code == 0, answer.out + answer.err
        return answer.json


def run(*arguments: object) -> Answer:
    """Run a command as it was typed."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(a) for a in arguments])
    return Answer(code, out.getvalue(), err.getvalue())


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows to a JSONL file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_csv(path: Path, count: int = 240) -> dict[str, str]:
    """Write support questions, the last `WRONG` with a wrong label. Returns the truth by row id."""
    rng = random.Random(5)
    truth: dict[str, str] = {}
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "text", "label"])
        for i in range(count):
            label = LABELS[i % 3]
            truth[f"q{i}"] = label
            given = LABELS[(i + 1) % 3] if i >= count - WRONG else label
            writer.writerow([f"q{i}", rng.choice(OPENINGS) + rng.choice(BODIES[label]).format(10_000 + 7 * i), given])
        writer.writerow(["copy", "I want my money back, and that is all I have to say today", "refund"])
        writer.writerow(["copy2", "I want my money back, and that is all I have to say today", "account"])
    truth |= {"copy": "refund", "copy2": "refund"}
    return truth


def make_project(folder: Path, *, task: str = TASK, labeler: str = "gpt") -> tuple[Curator, dict[str, str]]:
    """A project with the dataset `support`, ingested from a CSV and labelled by one labeler.

    Beside it are `task.toml` and `support.csv`. Returns the truth by row id as well.
    """
    copy_of(("command", task, labeler), lambda template: _make(template, task, labeler), folder)
    return Curator(folder / "project"), write_csv(folder / "support.csv")


def _make(folder: Path, task: str, labeler: str) -> None:
    curator = Curator(folder / "project")
    curator.ok("init")
    (folder / "task.toml").write_text(task, encoding="utf-8")
    write_csv(folder / "support.csv")
    curator.ok("dataset", "create", "support", "--task", folder / "task.toml")
    curator.ok("ingest", folder / "support.csv", "--dataset", "support", "--source", "teacher", "--labeler", labeler)


def review_all(curator: Curator, plan: dict[str, Any], truth: dict[str, str], file: Path) -> Any:
    """Review every task of a plan by the truth, with a second look where the first one disagrees."""
    given = proposals(curator, plan["plan"])
    rows = []
    for task in plan["tasks"]:
        right = truth[task["external_id"]]
        verdict = "accept" if given[task["task_id"]] == right else "edit"
        looks = [{"blind": True}, {"blind": False}] if verdict == "edit" else [{"blind": True}]
        rows += [
            {"task_id": task["task_id"], "reviewer": "ana", "verdict": verdict, "value": right, **x} for x in looks
        ]
    return curator.ok("review", "import", write_jsonl(file, rows), "--plan", plan["plan"])


def proposals(curator: Curator, plan: str) -> dict[str, str]:
    """Task id -> the label under review."""
    from pipelines.runtime.settings import load
    from storage.review import plans

    return dict(plans.tasks(load(curator.project).store, plan).select("task", "proposed").iter_rows())
