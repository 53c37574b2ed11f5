"""The review component on a store of two append-only files: what a test reads back is what was stored.

`CURATOR_PROJECT` is a folder with `tasks.json`: labels, kind, and tasks with the teacher's answer. Answers go
to `actions.jsonl`, one line each, written through to the disk before they are acknowledged.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from pages.components.review.component import (
    PREFETCH,
    Applied,
    Card,
    Neighbour,
    QueueState,
    Recent,
    ReviewAction,
    SecondLook,
    review_queue,
)

FOLDER = Path(os.environ["CURATOR_PROJECT"])
SETUP = json.loads((FOLDER / "tasks.json").read_text())
TASKS: dict[str, dict[str, Any]] = {task["task_id"]: task for task in SETUP["tasks"]}
LOG = FOLDER / "actions.jsonl"


def stored() -> list[dict[str, Any]]:
    """Return the actions that still stand, in order."""
    lines = [json.loads(line) for line in LOG.read_text().splitlines()] if LOG.exists() else []
    undone = {line["undoes"] for line in lines if line["verdict"] == "undo"}
    return [line for line in lines if line["verdict"] != "undo" and line["action_id"] not in undone]


def apply(actions: Sequence[ReviewAction]) -> Applied:
    """Append each action whose id is new, and name all of them as stored."""
    seen = {json.loads(line)["action_id"] for line in LOG.read_text().splitlines()} if LOG.exists() else set()
    refused = {a.action_id: f"there is no task {a.task_id}" for a in actions if a.task_id not in TASKS}
    refused |= {a.action_id: "the rules say no" for a in actions if "REFUSE" in (a.value or "")}
    with LOG.open("a") as log:
        for action in actions:
            if action.action_id not in seen and action.action_id not in refused:
                record = {name: getattr(action, name) for name in ReviewAction.__slots__}
                log.write(json.dumps(record) + "\n")
        log.flush()
        os.fsync(log.fileno())
    return Applied([a.action_id for a in actions if a.action_id not in refused], refused)


def card(task: dict[str, Any]) -> Card:
    """Make the card of a task; a blind one does not carry the teacher's answer."""
    shown = None if task["blind"] else task["teacher"]
    return Card(task["task_id"], task["text"], shown, task["blind"], task["why"], task["stream"])


def second(task: dict[str, Any], first: str) -> SecondLook:
    """Make the card of a second look."""
    return SecondLook(task["task_id"], task["text"], task["teacher"], first, task["why"], task["stream"])


def load() -> QueueState:
    """Work out the queue from the two files."""
    first = {line["task_id"]: line for line in stored() if line["verdict"] != "second_look"}
    settled = {line["task_id"] for line in stored() if line["verdict"] == "second_look"}
    looks = [
        second(TASKS[i], line["value"])
        for i, line in first.items()
        if TASKS[i]["blind"] and i not in settled and line["value"] not in (None, TASKS[i]["teacher"])
    ]
    recent = [
        Recent(
            second(TASKS[line["task_id"]], first[line["task_id"]]["value"])
            if line["verdict"] == "second_look"
            else card(TASKS[line["task_id"]]),
            line["action_id"],
            line["verdict"] == "second_look",
        )
        for line in stored()[-20:]
    ]
    items = [card(task) for i, task in TASKS.items() if i not in first][:PREFETCH]
    return QueueState(items, looks, recent, len(first), len(TASKS))


def near(task: str) -> list[Neighbour] | str:
    """Make two neighbours of a task; the first task has none."""
    if task == next(iter(TASKS)):
        return "No settled row to compare with yet."
    return [Neighbour(f"a row like {task} {TASKS[task]['text']}", SETUP["labels"][0], 0.875), Neighbour("b", "c", 0.5)]


@st.fragment
def queue() -> None:
    """Draw the queue alone, so that an answer reruns nothing else."""
    review_queue(
        key="queue",
        scope="test",
        kind=SETUP["kind"],
        labels=SETUP["labels"],
        schema=SETUP.get("schema"),
        rubric=SETUP.get("rubric", ""),
        definitions=SETUP.get("definitions"),
        neighbours=near,
        load=load,
        apply=apply,
    )


st.set_page_config(page_title="Review test", layout="wide")
st.title("Review test")
queue()
