"""Bring a board's answers back as records for the import of reviews. Reading twice gives the same records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curator.errors import NotFoundError
from curator.ports import ReviewBoard
from curator.records import short_id
from curator.review import Answers, answers, dataset_name, start_of
from pipelines.runtime import acting
from pipelines.runtime.progress import stage
from storage.access import audit
from storage.dataset import datasets
from storage.engine.store import Store
from storage.review import people, plans, reviews


@dataclass(frozen=True, slots=True)
class PullConfig:
    """Which spot-check comes back from the board.

    Attributes:
        plan: Its id.
        reviewers: The board's user name -> reviewer.
    """

    plan: str
    reviewers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What the board says. `records` go to `answers.import_records`, whose action ids keep them single.

    `left_out` counts answers by why they do not count; `taken_back` answers that their author has withdrawn since;
    `same_person` maps a name to the spelling under which the store keeps that person, where they differ.
    """

    plan: str
    board_dataset: str
    on_board: int
    answered: int
    records: tuple[dict[str, Any], ...]
    left_out: dict[str, int]
    by_user: dict[str, int]
    taken_back: int
    same_person: dict[str, str]


def run(config: PullConfig, store: Store, board: ReviewBoard) -> Pulled:
    """Read every answer on the board, and take back the reviews whose author has withdrawn the answer.

    Nothing is written before the board was read to its end, so a server that dies on the way changes nothing.

    Raises:
        NotFoundError: No such plan, or it is not on this board.
        ReviewBoardError: The board could not be reached or refused.
    """
    plan, reviewers = config.plan, config.reviewers
    acting.require("review")
    found = plans.get(store, plan)
    name = dataset_name(found.dataset, plan)
    if not board.find(name):
        msg = (
            f"{board.name} has no dataset {name!r}; send the plan there with `curator route --plan {plan} --to argilla`"
        )
        raise NotFoundError(msg)
    with stage("read the board") as report:
        entries = board.entries(name, report)
    task = datasets.task_of(store, found.dataset)
    named = {user: reviewers.get(user, user) for e in entries for r in e.responses if (user := r.user) is not None}
    kept = people.known_as(store, named.values())
    spelled = {user: kept[name] for user, name in named.items()}
    read = answers(entries, plans.tasks(store, plan).iter_rows(named=True), task, spelled)
    answered = sum(any(r.status == "submitted" for r in e.responses) for e in entries)
    audit.note(store, actor=acting.actor(), action="pull", subject=plan, board_dataset=name, answered=answered)
    return Pulled(
        plan=plan,
        board_dataset=name,
        on_board=len(entries),
        answered=answered,
        records=read.records,
        left_out=read.left_out,
        by_user=read.by_user,
        taken_back=_take_back(store, found.dataset, plan, read),
        same_person={name: one for name, one in kept.items() if name != one},
    )


def _take_back(store: Store, dataset: str, plan: str, read: Answers) -> int:
    """Undo reviews of answers that were submitted once and are discarded or drafts again, or came under another name.

    Who is matched to another reviewer and then answers anew is no second person who says the same.
    """
    current = {record["action_id"]: record["reviewer"] for record in read.records}
    named = {start_of(action): (reviewer, action) for action, reviewer in current.items()}
    starts = dict(read.taken_back)
    done = 0
    for review in reviews.frame(store, dataset, plan=plan).iter_rows(named=True):
        action = str(review["action_id"])
        if action in current:
            continue
        reviewer, newer = named.get(start_of(action), (review["reviewer"], None))
        moment = newer if reviewer != review["reviewer"] else starts.get(start_of(action))
        if moment is not None:
            undo = short_id("undo", [action, moment])
            done += reviews.add_undo(store, action_id=undo, undoes=action, reviewer=review["reviewer"])
    return done
