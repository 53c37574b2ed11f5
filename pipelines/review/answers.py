"""What reviewers decide: handed out in batches, taken in once, from the app or from a file."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast, get_args

import polars as pl

from curator.errors import DataError, RequestError
from curator.records import Plan, Review, ReviewTask, ReviewVerdict, Task, as_first_said, check_person, short_id
from curator.review import may_settle, newest_words
from pipelines.files import read_rows
from pipelines.review.review_lines import LineReader, Refused, ReviewLine
from pipelines.runtime import acting
from storage.dataset import datasets
from storage.engine.store import Store
from storage.review import desk, people, plans, reviews
from storage.views import agreement as opinions
from storage.views import progress

_SAID = ("verdict", "value", "blind", "adjudicates")
"""What makes two reviews of one task by one reviewer the same saying."""


@dataclass(frozen=True, slots=True)
class ReviewReport:
    """What came in.

    Attributes:
        plan: The plan's id.
        added: Reviews that went in.
        unchanged: Reviews that were there.
        rejected: Lines that could not be taken.
        by_reason: How many of them for each reason.
        rejects: Line, reason and detail of each.
        tasks_left: Tasks of the plan that nobody has reviewed.
        same_person: Name given -> the spelling under which the person is kept, where they differ in case, white space
            or the width of letters.
        notes: What of the file was not read.
    """

    plan: str
    added: int
    unchanged: int
    rejected: int
    by_reason: dict[str, int]
    rejects: tuple[dict[str, Any], ...]
    tasks_left: int
    same_person: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def import_file(path: Path, plan: str, store: Store) -> ReviewReport:
    """Take decisions made elsewhere from a file of JSON Lines, or a table. Reading it twice adds nothing.

    A line names its task by `task_id`, or its row by `external_id`; without a verdict its value is an accept or an
    edit. A line with `blind: true` whose value differs from the proposed one is a first look: it counts once a further
    line (another reviewer, or the same one with `blind: false`) says the same. `adjudicates: true` makes a line the
    last word about a row that people dispute or have rejected.

    Raises:
        NotFoundError: No such plan.
    """
    acting.require("review")
    plans.get(store, plan)
    rejects: list[dict[str, Any]] = []
    lines: list[tuple[int, dict[str, Any]]] = []
    for row in read_rows(path):
        if row.record is None:
            rejects.append({"line": row.line, "reason": row.reason, "detail": row.detail})
        else:
            lines.append((row.line, row.record))
    return take_lines(lines, plan, store, rejects)


def take_lines(
    lines: Sequence[tuple[int, dict[str, Any]]],
    plan: str,
    store: Store,
    rejects: Sequence[dict[str, Any]] = (),
    *,
    elsewhere: bool = False,
) -> ReviewReport:
    """As `import_file`, for lines that were read already, each with its number; `rejects` are those that were not.

    `elsewhere`: they come from another tool, which showed no label: where a task hides it, they are blind.

    Raises:
        NotFoundError: No such plan.
    """
    acting.require("review")
    found, task, tasks = _asked(store, plan)
    read: list[Review] = []
    numbers: list[int] = []
    rejects = list(rejects)
    reader = LineReader(tasks, elsewhere=elsewhere)
    for number, record in lines:
        try:
            read.append(_review(reader.line(record), tasks, task))
            numbers.append(number)
        except Refused as error:
            rejects.append({"line": number, "reason": error.reason, "detail": str(error)})
    kept, read = _one_spelling(store, read)
    read = _as_said_before(store, found, task, read)
    read = _without_own_last_words(store, found, list(zip(numbers, read, strict=True)), tasks, rejects)
    rejects.sort(key=lambda reject: int(reject["line"]))
    report = _add(store, found, read, _news(store, found, read), rejects, kept)
    return replace(report, notes=reader.notes())


def import_records(records: Sequence[dict[str, Any]], plan: str, store: Store) -> ReviewReport:
    """As `import_file`, for records in memory, each with an `action_id` that makes it unique.

    Raises:
        NotFoundError: No such plan.
    """
    acting.require("review")
    found, task, tasks = _asked(store, plan)
    made: list[Review] = []
    rejects: list[dict[str, Any]] = []
    for number, record in enumerate(records, start=1):
        try:
            made.append(_own(record, tasks, task))
        except Refused as error:
            rejects.append({"line": number, "reason": error.reason, "detail": str(error)})
    kept, made = _one_spelling(store, made)
    made = _as_said_before(store, found, task, made)
    return _add(store, found, made, made, rejects, kept)


def claim(store: Store, dataset: str, reviewer: str, *, plan: str | None = None, count: int = 60) -> pl.DataFrame:
    """Lease the next tasks to a reviewer; columns of `storage.review.plans.tasks`."""
    return reviews.claim(store, dataset=dataset, reviewer=known_as(store, reviewer), count=count, plan=plan)


def known_as(store: Store, reviewer: str) -> str:
    """The spelling under which the store keeps a reviewer: "ana " is no second person where "Ana" is known."""
    return people.known_as(store, [reviewer])[reviewer]


def save(
    plan: str, task_ids: Sequence[str], records: Callable[[desk.Asked], Sequence[dict[str, Any]]], store: Store
) -> dict[int, str]:
    """As `import_records`, for a page that waits: everything in one block.

    Args:
        plan: The plan's id.
        task_ids: The tasks that the records are about.
        records: Says, knowing the tasks, what `review import` would read, each with an `action_id` that makes it
            unique.
        store: The store.

    Returns:
        Why a record was refused, by its place among the records; the others are stored.
    """
    acting.require("review")
    refused: dict[int, str] = {}

    def made(asked: desk.Asked) -> list[Review]:
        good = []
        refused.clear()  # the definition may have changed since the first look
        for place, record in enumerate(records(asked)):
            try:
                good.append(_own(record, asked.tasks, asked.definition))
            except Refused as error:
                refused[place] = str(error)
        return good

    desk.take_in(store, plan, task_ids, made)
    return refused


def undo(store: Store, *, reviewer: str, undoes: str, action_id: str) -> bool:
    """Take one's own review back. True if there was one; the same action twice changes nothing."""
    acting.require("review")
    return reviews.add_undo(store, action_id=action_id, undoes=undoes, reviewer=reviewer)


def _asked(store: Store, plan: str) -> tuple[Plan, Task, Mapping[str, ReviewTask]]:
    """The plan, its task, and what people are asked by task id."""
    found = plans.get(store, plan)
    return found, datasets.task_of(store, found.dataset), plans.kept_tasks(store, plan)


def _add(
    store: Store,
    plan: Plan,
    read: list[Review],
    made: list[Review],
    rejects: list[dict[str, Any]],
    kept: dict[str, str],
) -> ReviewReport:
    added = reviews.add(store, plan.dataset, plan.id, made, actor=acting.actor())
    return ReviewReport(
        plan=plan.id,
        added=added,
        unchanged=len(read) - added,
        rejected=len(rejects),
        by_reason=dict(Counter(str(r["reason"]) for r in rejects)),
        rejects=tuple(rejects),
        tasks_left=progress.of_plan(store, plan.id).left,
        same_person=kept,
    )


def _one_spelling(store: Store, read: list[Review]) -> tuple[dict[str, str], list[Review]]:
    """The names that are kept under another spelling, and the reviews under it."""
    kept = people.known_as(store, dict.fromkeys(review.reviewer for review in read))
    return (
        {name: one for name, one in kept.items() if name != one},
        [replace(review, reviewer=kept[review.reviewer]) for review in read],
    )


def _as_said_before(store: Store, plan: Plan, task: Task, read: list[Review]) -> list[Review]:
    """The reviews, JSON in the spelling that somebody has given for the same task: who agrees disputes nothing."""
    if task.kind != "extraction":
        return read
    said: defaultdict[str, list[str | None]] = defaultdict(list)
    for row in reviews.frame(store, plan.dataset, plan=plan.id).iter_rows(named=True):
        said[row["task"]].append(row["value"])
    made = []
    for review in read:
        value = None if review.value is None else as_first_said(task, review.value, *said[review.task_id])
        said[review.task_id].append(value)
        made.append(replace(review, value=value))
    return made


def _without_own_last_words(
    store: Store,
    plan: Plan,
    read: list[tuple[int, Review]],
    tasks: Mapping[str, ReviewTask],
    rejects: list[dict[str, Any]],
) -> list[Review]:
    """The reviews without last words by whoever rejected the row, where others could say it; those become rejects."""
    if not any(review.adjudicates for _, review in read):
        return [review for _, review in read]
    given = reviews.frame(store, plan.dataset).to_dicts()
    words = newest_words(given)
    stored = {(r["task"], r["reviewer"], r["value"]) for r in given if r["adjudicates"]}
    others = opinions.people(store, plan.dataset) | {review.reviewer for _, review in read}
    kept = []
    for number, review in read:
        about = words.setdefault(review.example_id, {})
        if not review.adjudicates:
            about[review.reviewer] = (review.verdict, review.value)
        elif (
            review.verdict != "skip"
            and (review.task_id, review.reviewer, review.value) not in stored
            and not may_settle(about, review.reviewer, review.value, others)
        ):
            row = tasks[review.task_id].external_id
            detail = f"row {row!r}: {review.reviewer!r} rejected it, so somebody else has the last word about it"
            rejects.append({"line": number, "reason": "own_rejection", "detail": detail})
            continue
        kept.append(review)
    return kept


def _news(store: Store, plan: Plan, read: list[Review]) -> list[Review]:
    """What a file says beyond what the store has from the same reviewer about the same task, with action ids.

    A file that was read before, or to its half, continues where the store ends; a change of mind, and back, is news.
    """
    have: defaultdict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for row in reviews.frame(store, plan.dataset, plan=plan.id).iter_rows(named=True):
        have[row["task"], row["reviewer"]].append(tuple(row[name] for name in _SAID))
    given: defaultdict[tuple[str, str], list[Review]] = defaultdict(list)
    for review in read:
        given[review.task_id, review.reviewer].append(review)
    made: list[Review] = []
    moment = store.seq()
    for key, new in given.items():
        old, said = have[key], [tuple(getattr(r, name) for name in _SAID) for r in new]
        known = next(k for k in range(min(len(old), len(said)), -1, -1) if old[len(old) - k :] == said[:k])
        made += [replace(r, action_id=short_id("r", [plan.id, *key, moment, n])) for n, r in enumerate(new[known:])]
    return made


def _own(record: dict[str, Any], tasks: Mapping[str, ReviewTask], task: Task) -> Review:
    """A record that brings its own action id."""
    return replace(_review(ReviewLine.of(record), tasks, task), action_id=str(record["action_id"]))


def _person(reviewer: object) -> str:
    """The reviewer's name: "ana " is no second person, and neither is one with a character that does not show."""
    try:
        return check_person(reviewer)
    except RequestError as error:
        given = isinstance(reviewer, str) and reviewer.strip()
        raise Refused("bad_reviewer" if given else "no_reviewer", str(error)) from error


def _review(line: ReviewLine, tasks: Mapping[str, ReviewTask], task: Task) -> Review:
    asked = tasks.get(line.task_id)
    if asked is None:
        raise Refused("unknown_task", f"task {line.task_id!r} is not of this spot-check")
    if (external := line.external_id) not in (None, asked.external_id):
        raise Refused("other_row", f"task {asked.id} is of row {asked.external_id!r}, not of {external!r}")
    reviewer = _person(line.reviewer)
    verdict, value = _verdict(line, asked.proposed, task)
    flags = {"blind": line.blind, "adjudicates": line.adjudicates}
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise Refused(f"bad_{name}", f"`{name}` is {flag!r}, expected true or false")
    seconds = line.seconds
    return Review(
        task_id=asked.id,
        example_id=asked.example_id,
        reviewer=reviewer,
        verdict=verdict,
        value=value,
        blind=bool(flags["blind"]),
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        note=str(line.note) if line.note else None,
        adjudicates=bool(flags["adjudicates"]),
    )


def _verdict(line: ReviewLine, proposed: str | None, task: Task) -> tuple[ReviewVerdict, str | None]:
    """The verdict and the value it stands for."""
    named = line.verdict
    if named not in get_args(ReviewVerdict):
        expected = ", ".join(get_args(ReviewVerdict))
        raise Refused("unknown_verdict", f"verdict {named!r} is unknown, expected {expected}")
    verdict = cast("ReviewVerdict", named)
    raw = line.value
    text = raw if isinstance(raw, str) else json.dumps(raw) if raw is not None else ""
    if verdict in ("reject", "skip"):
        if text not in ("", proposed):  # another label would be lost
            raise Refused("value_not_used", f"{verdict} takes no value, and {raw!r} is given; use edit with it")
        return verdict, None
    if verdict == "accept":
        if proposed is None:
            raise Refused("nothing_to_accept", "the row has no label to accept; use verdict edit with a value")
        if raw is not None and not _same(text, proposed, task):
            raise Refused("accept_with_other_value", f"accept says {raw!r}, the label is {proposed!r}; use edit")
        return verdict, proposed
    try:
        return verdict, as_first_said(task, task.check_value(text), proposed)
    except DataError as error:
        raise Refused("bad_value", str(error)) from error


def _same(text: str, proposed: str, task: Task) -> bool:
    """Whether a value is the label under review; JSON in whatever spelling."""
    try:
        return text == proposed or as_first_said(task, task.check_value(text), proposed) == proposed
    except DataError:
        return False
