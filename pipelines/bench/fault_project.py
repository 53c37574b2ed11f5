"""A small project, the commands that bring it along, and what of it must be the same however often they were killed."""

import csv
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.bench.scripted_board import Json
from pipelines.runtime.settings import load
from storage.engine.store import Store

NAME, ASKED = "support", "asked"
TEACHER = "scripted"
BENCH_LABELS = ("refund", "delivery", "account")
BODIES = {
    "refund": ("I want my money back for order {}", "you charged order {} twice", "refund {} has not arrived yet"),
    "delivery": ("where is parcel {}", "the courier lost package {}", "parcel {} is three days late"),
    "account": ("I cannot log in as user {}", "change the e-mail of account {}", "delete profile {} for good"),
}
_TASK = 'name = "support"\nkind = "classification"\nrubric = "What does the customer want?"\n' + "".join(
    ["[labels]\n", *(f'{label} = "about {label}"\n' for label in BENCH_LABELS)]
)
_EXACT: Mapping[str, str] = {
    "example": "example_id, external_id, content_hash, text",
    "label": "example_id, labeler, sample, value",
    "split_assignment": "example_id, split",
    "vector_row": "encoder, revision, content_hash",
    "review_task": "task, example_id, stream, stratum, position",
    "review": "task, reviewer, verdict, value, blind, adjudicates",
    "decision": "decision, action, value, reviewer, example_ids",
    "preference_pair": "pair, chosen, rejected",
    "dataset_version": "number, request_hash",
    "dataset": "dataset, task_hash",
}
"""Rows that must be there once each: what is missing of them is lost, what is there twice is doubled."""
DISTINCT: Mapping[str, str] = {
    "plan_row": "plan, example_id, stratum, drawn_value",
    "finding": "finding_id, kind",
    "score": "example_id, kind, round(score, 6)",
    "cluster_member": "example_id, cluster",
    "request_intent": "request_key, purpose",
    "training_run": "run, status",
    "eval_report": "dataset, version",
    "source_file": "file_hash, name, rows",
}
"""Rows of which readers take the newest: a rerun may write them again, and none may be missing or another."""
GROWING = (*_EXACT, *DISTINCT, "audit_event", "audit_link", "user_role", "figure", "vector_file")
"""Tables in which every row that was once seen must be seen for ever."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command.

    Attributes:
        name: What it is called here.
        argv: Its words; `@plan`, `@run` and `@sft` stand for the newest of the project.
        light: Whether it loads no model.
        makes: What it makes beside the project and never makes twice, in the folder of the inputs.
    """

    name: str
    argv: tuple[str, ...]
    light: bool = True
    makes: str = ""


def steps(folder: Path) -> list[Step]:
    """The commands in order; what they read lies in the folder."""
    data, version = ("--dataset", NAME), ("--version", f"{NAME}@1")
    read = (str(folder / "rows.csv"), *data, "--source", "teacher", "--labeler", "teacher")
    models = ("--models", "student=@run,teacher=teacher")
    return [
        Step("ingest", ("ingest", *read, "--map", "input=text,label=label,id=id")),
        Step("label", ("label", "--dataset", ASKED, "--teacher", TEACHER)),
        Step("embed", ("embed", *data), light=False),
        Step("cluster", ("cluster", *data), light=False),
        Step("check", ("check", *data), light=False),
        Step("plan", ("plan", *data, "--reviews", "40", "--risk-reviews", "10")),
        Step("route", ("route", "--plan", "@plan", "--to", "argilla")),
        Step("review import", ("review", "import", str(folder / "reviews.jsonl"), "--plan", "@plan")),
        Step("pull", ("pull", "--plan", "@plan", "--from", "argilla")),
        Step("decide", ("decide", str(folder / "decisions.jsonl"), *data)),
        Step("pairs build", ("pairs", "build", *data)),
        Step("release", ("release", NAME, "--waive", "certificate", "--why", "a measurement")),
        Step("train sft", ("train", "sft", *version, "--epochs", "1"), light=False),
        Step("train dpo", ("train", "dpo", *version, "--from", "@sft", "--epochs", "1"), light=False),
        Step("evaluate", ("evaluate", *version, *models), light=False),
        Step("export", ("export", *data, "--out", str(folder / "rows-now.csv")), makes="rows-now.csv"),
        Step("backup", ("backup", str(folder / "backup")), makes="backup"),
        Step("restore", ("restore", str(folder / "backup"))),
    ]


def write_inputs(folder: Path, rows: int) -> None:
    """The CSV and the decisions."""
    rng = random.Random(7)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.toml").write_text(_TASK, encoding="utf-8")
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "text", "label"])
        for n in range(rows):
            label = BENCH_LABELS[n % 3]
            writer.writerow([f"q{n}", rng.choice(BODIES[label]).format(10_000 + 7 * n), label])
    lines = [
        {
            "external_ids": [f"q{n}", f"q{n + 3}"],
            "action": "relabel",
            "value": BENCH_LABELS[(n + 1) % 3],
            "reviewer": "ana",
        }
        for n in range(0, 60, 6)
    ]
    lines += [{"external_ids": ["q90"], "action": "exclude", "reviewer": "ana", "reason": "a test"}]
    _write_lines(folder / "decisions.jsonl", lines)


def write_asked(folder: Path) -> None:
    """Rows without labels, for a teacher."""
    lines = [f"a{n},{BODIES[BENCH_LABELS[n % 3]][n % 2].format(500 + n)}\n" for n in range(60)]
    (folder / "asked.csv").write_text("id,text\n" + "".join(lines), encoding="utf-8")


def write_reviews(folder: Path, project: Path) -> None:
    """Answers to every task of the plan: most accept, each seventh says something else, twice."""
    store = load(project).store
    tasks = store.rows("select task, proposed from review_task order by position, task")
    lines = []
    for n, (task, proposed) in enumerate(tasks):
        other = next(label for label in BENCH_LABELS if label != proposed)
        said = {"verdict": "edit", "value": other if n % 7 == 0 else proposed}
        lines += [{"task_id": task, "reviewer": who, **said} for who in (("ana", "bo") if n % 7 == 0 else ("ana",))]
    _write_lines(folder / "reviews.jsonl", lines)


def answers_of(reviews: Path, project: Path) -> Callable[[Json], str | None]:
    """What a third person says on a board: of each fifth task of the file what the others said there."""
    said = {line["task_id"]: line["value"] for line in map(json.loads, reviews.read_text("utf-8").splitlines())}
    some = set(sorted(said)[::5])
    texts = dict(load(project).store.rows("select task, text from review_task join example using (example_id)"))
    value_by_text = {texts[task]: said[task] for task in some}
    return lambda card: value_by_text.get(card["fields"]["text"])


def _write_lines(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def command(step: Step, project: Path) -> list[str]:
    """The words after `curator`, with the plan and the runs of the project put in."""
    known = {
        "@plan": "select plan from plan order by seq desc",
        "@run": "select run from training_run where status = 'finished' order by seq desc",
        "@sft": "select run from training_run where kind = 'sft' order by seq desc",
    }
    words = []
    for word in step.argv:
        for mark, sql in known.items():
            if mark in word:
                word = word.replace(mark, str(load(project).store.rows(sql)[0][0]))
        words.append(word)
    return ["--project", str(project), *words, "--json"]


@dataclass(frozen=True, slots=True)
class CommandSaid:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def in_words(self) -> bool:
        """Whether it ended as it may end, with a sentence where it did not go well."""
        if self.code in (0, 1, 3):
            return True
        try:
            told = json.loads(self.out)["error"]
        except (ValueError, KeyError, TypeError):
            return False
        return self.code in (2, 4) and len(told.split()) > 4 and "Traceback" not in self.err


def content(store: Store) -> dict[str, Counter[tuple[Any, ...]]]:
    """What must be the same, by table."""
    tables = {row[0] for row in store.rows("show tables")}
    exact = {t: Counter(store.rows(f"select {c} from {t}")) for t, c in _EXACT.items() if t in tables}
    newest = {t: Counter(store.rows(f"select distinct {c} from {t}")) for t, c in DISTINCT.items() if t in tables}
    said = Counter(store.rows("select distinct actor, action from audit_event"))
    return {**exact, **newest, "audit_event": said}


def seen(store: Store) -> dict[str, set[tuple[Any, ...]]]:
    """Every row that was once committed."""
    tables = {row[0] for row in store.rows("show tables")}
    return {t: set(store.rows(f"select * from {t}")) for t in GROWING if t in tables}


def compare(
    made: Mapping[str, Counter[tuple[Any, ...]]], expected: Mapping[str, Counter[tuple[Any, ...]]]
) -> tuple[int, int, list[str]]:
    """Rows that are missing, rows that are there too often, and the tables that differ."""
    missing = {t: expected[t] - made.get(t, Counter()) for t in expected}
    extra = {t: made[t] - expected.get(t, Counter()) for t in made}
    tables = sorted(t for t in {**missing, **extra} if missing.get(t) or extra.get(t))
    return sum(c.total() for c in missing.values()), sum(c.total() for c in extra.values()), tables
