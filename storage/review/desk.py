"""A reviewer's desk: what one page of the queue reads and writes, in one block each.

Twenty people who save every few seconds share one lock, so a save is one short block, and a refresh is another.
"""

import json
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from curator.records import GOLD, Review, ReviewTask, Task, make_task
from curator.review import human_outcome
from storage.access import audit
from storage.engine.store import Connection, File, Store
from storage.review import plans, reviews

_RECENT = 20
"""Answers that a reviewer can still take back after a reload."""

# Flat rows, put together here: a plan's answers are few, and planning window functions and joins over them, or
# handing them to polars' threads, costs more than walking along them, on the one file that everybody waits for.
_SAID = (
    "select task, reviewer, action_id, verdict, value, blind, coalesce(adjudicates, false), undoes, seq "
    "from review where plan = ? and seq > ? order by seq"
)
_KEPT = 4
"""Plans whose answers are kept in memory: a review is only ever appended, so that a look reads what is new."""
_kept: OrderedDict[tuple[File, str], list[tuple[Any, ...]]] = OrderedDict()
DEFINITIONS = 100
_definitions: dict[str, Task] = {}
"""Task definitions by their hash, which says all of them."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on one reviewer's desk.

    Attributes:
        tasks: Leased tasks in the order of their cards.
        mine: The reviewer's own answers, oldest first, that are `recent` or whose second look is `due`. Where several
            people are asked, theirs is the second look; a gold card has none. What the reviewer said as an adjudicator
            is not among them.
        done: Tasks that as many people have reviewed as they ask for, gold cards aside.
        total: Tasks, gold cards aside.
    """

    tasks: list[ReviewTask]
    mine: list["OwnAnswer"]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """One answer of the reviewer whose desk it is, that nobody took back.

    Attributes:
        task: What was asked.
        action_id: The answer's id, by which it is taken back.
        value: What the reviewer said, or None.
        first_value: What the reviewer had said blind, where the answer is a second look at it, else None.
        recent: Whether it can still be taken back.
        due: Whether the reviewer should look again.
    """

    task: ReviewTask
    action_id: str
    value: str | None
    first_value: str | None
    recent: bool
    due: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer that nobody took back."""

    task: str
    reviewer: str
    action_id: str
    verdict: str
    value: str | None
    blind: bool
    adjudicates: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What is needed to take answers in: the plan's dataset, its task definition, the tasks by id."""

    dataset: str
    definition: Task
    tasks: dict[str, ReviewTask]


def read(store: Store, dataset: str, plan: str, reviewer: str, count: int) -> Desk:
    """Lease the next tasks to the reviewer, and read what they may take back or should look at again.

    While the reviewer holds more than half of `count` for a good while yet, nothing new is leased, and so nothing
    written.
    """
    tasks = plans.kept_tasks(store, plan)
    file = store.file
    with store.transaction() as connection:
        answers = _standing(_said(connection, file, plan))
        answered = {answer.task for answer in answers if answer.reviewer == reviewer}
        held = reviews.held_within(connection, reviewer=reviewer)
        leased = [task for task in held if task in tasks and task not in answered]
        if len(leased) <= count // 2:
            claimed = reviews.claim_within(connection, dataset=dataset, plan=plan, reviewer=reviewer, count=count)
            leased = claimed["task"].to_list()
    given: dict[str, list[_Answer]] = defaultdict(list)
    for answer in answers:
        given[answer.task].append(answer)
    asked = [task for task in tasks.values() if task.stream != GOLD]
    done = sum(len({a.reviewer for a in given[t.id]}) >= t.overlap for t in asked if t.id in given)
    own = [answer for answer in answers if answer.reviewer == reviewer and not answer.adjudicates]
    old = len(own) - _RECENT
    mine = [_own(tasks[a.task], given[a.task], a, recent=turn >= old) for turn, a in enumerate(own)]
    mine = [row for row in mine if row.recent or row.due]
    return Desk([tasks[task] for task in leased], mine, done, len(asked))


def _said(connection: Connection, file: File, plan: str) -> list[tuple[Any, ...]]:
    """Every answer to the plan, oldest first. The file's lock, which the transaction holds, guards what is kept."""
    have = _kept.pop((file, plan), [])
    last = have[-1][-1] if have else 0
    if have and connection.rows("select count(*) from review where plan = ? and seq <= ?", [plan, last]) != [
        (len(have),)
    ]:
        have, last = [], 0  # another past: somebody has put an older file in its place
    have = [*have, *connection.rows(_SAID, [plan, last])]
    _kept[file, plan] = have
    while len(_kept) > _KEPT:
        _kept.popitem(last=False)
    return have


def _standing(said: Sequence[tuple[Any, ...]]) -> list[_Answer]:
    """The answers that nobody took back, oldest first."""
    undone = {undoes for *_, undoes, _ in said if undoes is not None}
    answers = [_Answer(*answer) for *answer, undoes, _ in said if undoes is None]
    return [answer for answer in answers if answer.action_id not in undone]


def _own(task: ReviewTask, given: Sequence[_Answer], answer: _Answer, *, recent: bool) -> OwnAnswer:
    """One of the reviewer's answers with its task, among the answers `given` to that task."""
    before = [a for a in given[: given.index(answer)] if a.reviewer == answer.reviewer and _differs(task, a)]
    return OwnAnswer(
        task=task,
        action_id=answer.action_id,
        value=answer.value,
        first_value=before[-1].value if before and not answer.blind else None,
        recent=recent,
        due=_due(task, given, answer),
    )


def _due(task: ReviewTask, given: Sequence[_Answer], answer: _Answer) -> bool:
    """Whether the reviewer should look again: the answer is what keeps the row unsettled.

    It may be one of several: two tabs of one browser, or a row that came back after its lease, ask twice.
    """
    alone = task.overlap == 1 and task.stream != GOLD
    if not alone or not _differs(task, answer):  # nearly all, and the rest costs more
        return False
    words = [
        {"reviewer": a.reviewer, "verdict": a.verdict, "value": a.value, "blind": a.blind}
        | {"stream": task.stream, "proposed": task.proposed, "adjudicates": a.adjudicates}
        for a in given
    ]
    outcome = human_outcome(words)
    newest = [a for a in given if a.verdict != "skip"][-1]
    return outcome is not None and outcome.status == "unsettled" and newest is answer


def _differs(task: ReviewTask, answer: _Answer) -> bool:
    """Whether an answer is a blind disagreement with the teacher's."""
    return answer.blind and None not in (answer.value, task.proposed) and answer.value != task.proposed


def take_in(store: Store, plan: str, task_ids: Sequence[str], make: Callable[[Asked], Sequence[Review]]) -> int:
    """Look tasks up, and append the reviews that `make` makes of them, with the audit event that tells of them.

    Action ids that are there already change nothing. Returns how many reviews went in.

    Args:
        store: The store.
        plan: The plan's id.
        task_ids: Ids that are not of the plan are not among the tasks that `make` is given.
        make: Quick where the task has no schema: the file is held open meanwhile. With one it is called while nobody
            holds the file, and again should the definition have changed by then: a value's check can take seconds.

    Raises:
        NotFoundError: There is no such plan.
    """
    tasks, dataset = plans.kept_tasks(store, plan), plans.kept_dataset(store, plan)
    wanted = {task: tasks[task] for task in task_ids if task in tasks}
    made: tuple[str, Sequence[Review]] | None = None
    while True:
        with store.transaction() as connection:
            asked = Asked(dataset, _definition(connection, dataset), wanted)
            current = asked.definition.content_hash
            if made is not None and made[0] == current:
                return _append(connection, plan, asked.dataset, made[1])
            if asked.definition.schema is None:
                return _append(connection, plan, asked.dataset, make(asked))
        store.let_go()
        made = current, make(asked)


def _append(connection: Connection, plan: str, dataset: str, given: Sequence[Review]) -> int:
    if not given:
        return 0
    # To look first and then insert costs a third of what the engine takes to leave alone what is there.
    places = ", ".join("?" * len(given))
    asked = [review.action_id for review in given]
    there = {row[0] for row in connection.rows(f"select action_id from review where action_id in ({places})", asked)}
    fresh = {review.action_id: review for review in reversed(given) if review.action_id not in there}
    given = [review for review in given if fresh.get(review.action_id) is review]
    if not given:
        return 0
    went_in = connection.appended("review", reviews.records(dataset, plan, given))
    added = went_in.added
    if added:
        counted = Counter(r.reviewer for r in given)
        name = counted.most_common(1)[0][0]
        tells = {"added": added, "reviewers": dict(counted)}
        audit.append(connection, went_in, actor=name, action="review", subject=plan, **tells)
    return added


def _definition(connection: Connection, dataset: str) -> Task:
    """The dataset's task definition now; one that was read before is known by its hash."""
    ((current,),) = connection.rows("select arg_max(task_hash, seq) from dataset where dataset = ?", [dataset])
    if (known := _definitions.get(current)) is not None:
        return known
    ((text,),) = connection.rows("select definition from task_definition where task_hash = ?", [current])
    made = make_task({k: v for k, v in json.loads(text).items() if v is not None})
    if len(_definitions) >= DEFINITIONS:
        _definitions.clear()
    return _definitions.setdefault(current, made)
