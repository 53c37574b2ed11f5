"""The scripted expert: answers review tasks from the corpus's answer key. Named so wherever it shows."""

from typing import Any

from curator.records import short_id
from pipelines.review import answers as review
from storage.engine.store import Store
from storage.review import plans

NAME = "scripted expert (answer key)"


def review_plan(store: Store, plan: str, truth: dict[str, str]) -> int:
    """Review every task of a plan; returns how many reviews were added.

    Blind tasks get a first look; where it disagrees with the teacher a second look, not blind, confirms it. A row
    without an answer in the key is skipped.
    """
    records: list[dict[str, Any]] = []
    for task in plans.tasks(store, plan).iter_rows(named=True):
        right = truth.get(task["external_id"])
        if right is None:
            records.append(_record(task, "skip", None, blind=bool(task["blind"]), look=1))
            continue
        verdict = "accept" if right == task["proposed"] else "edit"
        if task["blind"]:
            records.append(_record(task, verdict, right, blind=True, look=1))
        if not task["blind"] or verdict == "edit":
            records.append(_record(task, verdict, right, blind=False, look=2))
    return review.import_records(records, plan, store).added


def _record(task: dict[str, Any], verdict: str, value: str | None, *, blind: bool, look: int) -> dict[str, Any]:
    return {
        "task_id": task["task"],
        "reviewer": NAME,
        "verdict": verdict,
        "value": value,
        "blind": blind,
        "action_id": short_id("r", [task["task"], NAME, look]),
    }
