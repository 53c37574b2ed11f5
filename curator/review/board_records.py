"""A plan's tasks as records of a review board (for example Argilla), and the board's responses as reviews.

Text, task and look name a record: its id is `<task>.<hash of the text>.<look>`, so that an answer to one text can
never count for another. A blind first look that disagrees with the label under review comes back as a second record
of the same task, which shows that label.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from curator.errors import DataError
from curator.ports import BoardEntry, BoardForm, BoardRecord, BoardResponse
from curator.records import Task, as_first_said, short_id
from curator.review.resolution import human_outcome

HASH_CHARS = 16
AGENT_CHARS = re.compile(r"[^a-zA-Z0-9_:./\s-]")
GUIDELINES_CHARS = 10_000

Gone = Literal["excluded", "adjudicated", "reviewed_elsewhere"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should be on the board. `gone` says of tasks why they are to be taken out again."""

    records: tuple[BoardRecord, ...]
    gone: dict[str, Gone]
    second_looks: int
    disputed: int
    reviewed: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What to do to get from the board's entries to the wanted records.

    `replace`: records whose text on the board is not the task's; their answers concern another text.
    `unpulled`: entries that should go, but hold answers that nobody has pulled.
    """

    push: tuple[BoardRecord, ...]
    replace: tuple[BoardEntry, ...]
    remove: tuple[BoardEntry, ...]
    unpulled: tuple[BoardEntry, ...]
    unchanged: int
    updated: int


@dataclass(frozen=True, slots=True)
class Answers:
    """The board's responses as records for the import, oldest first, and what was left out and why.

    `taken_back`: (start of the action ids, moment) of answers that their author has withdrawn since.
    """

    records: tuple[dict[str, Any], ...]
    left_out: dict[str, int]
    by_user: dict[str, int]
    taken_back: tuple[tuple[str, str], ...]


def dataset_name(dataset: str, plan: str) -> str:
    """The board's name for a plan: letters, digits, `-` and `_`, at most 200.

    >>> dataset_name("support mails!", "plan_1")
    'curator-support-mails--plan_1'
    """
    name = re.sub(r"[^a-zA-Z0-9_-]", "-", dataset)
    return f"curator-{name[:150]}-{plan}"


def review_form(task: Task, dataset: str, plan: str, overlap: int) -> BoardForm:
    """What the board asks of reviewers: a label for a classification, else the corrected answer as text."""
    return BoardForm(
        name=dataset_name(dataset, plan),
        guidelines=(task.rubric.strip() or task.name)[:GUIDELINES_CHARS],
        labels=dict(task.labels) if task.kind == "classification" else None,
        overlap=overlap,
    )


def record_id(task: Mapping[str, Any], look: int) -> str:
    """The board's id of a task's first (1) or second (2) look."""
    return f"{task['task']}.{task['content_hash'][:HASH_CHARS]}.{look}"


def action_start(record: str, user_id: str) -> str:
    """How the action ids of one user's answers to one record start."""
    return f"board:{record}:{user_id}:"


def start_of(action: str) -> str:
    """The start of an action id, as `action_start` made it."""
    return action.rpartition(":")[0] + ":"


def wanted(
    tasks: Iterable[Mapping[str, Any]],
    reviews: Iterable[dict[str, Any]],
    *,
    excluded: frozenset[str],
    on_board: frozenset[str],
    confidence: Mapping[str, float],
    agent: str,
    overlap: int,
) -> Wanted:
    """What should be on the board now.

    Args:
        tasks: The plan's tasks: task, plan, example_id, stream, stratum, blind, content_hash, proposed, why, text.
        reviews: Reviews in force of the dataset, oldest first, with action_id, task, example_id and what
            `human_outcome` reads.
        excluded: Ids of examples that a decision has taken out.
        on_board: Ids of the records that are there; a task that is there already stays though it is answered.
        confidence: Example id -> the labeler's confidence in its label, 0..1, where it gave one.
        agent: Who made the suggestions.
        overlap: How many reviewers a first look needs.
    """
    by_row: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for review in reviews:
        by_row[review["example_id"]].append(review)
    records: list[BoardRecord] = []
    gone: dict[str, Gone] = {}
    second = disputed = reviewed = 0
    for task in tasks:
        said = by_row[task["example_id"]]
        outcome = human_outcome(said)
        disputed += outcome is not None and outcome.status == "disputed"
        here = {r["reviewer"] for r in said if r["task"] == task["task"] and _from_board(r)}
        # A drawn row waits for its verdict though it was left out since: without it the plan is never done.
        if task["example_id"] in excluded and task["stream"] != "audit":
            gone[task["task"]] = "excluded"
        elif outcome is not None and outcome.adjudicated:
            gone[task["task"]] = "adjudicated"
        elif outcome is not None and outcome.status != "unsettled" and not all(_from_board(r) for r in said):
            gone[task["task"]] = "reviewed_elsewhere"
        else:
            looks = [1] if len(here) < overlap and not _needs_second(outcome, here, overlap) else []
            reviewed += not looks
            if record_id(task, 1) in on_board:
                looks = [1]
            if _needs_second(outcome, here, overlap):
                looks.append(2)
                second += 1
            elif record_id(task, 2) in on_board:
                looks.append(2)
            records += [_record(task, look, said, confidence.get(task["example_id"]), agent) for look in looks]
    return Wanted(tuple(records), gone, second, disputed, reviewed)


def changes(made: Wanted, entries: Sequence[BoardEntry], pulled: frozenset[str]) -> Changes:
    """Compare. `pulled` holds the action ids of answers that the store has; no other answer is ever thrown away."""
    there = {e.id: e for e in entries}
    push, replace, updated, unchanged = [], [], 0, 0
    for record in made.records:
        entry = there.get(record.id)
        if entry is not None and entry.text != record.text:
            replace.append(entry)
        if entry is not None and entry.text == record.text and entry.fingerprint == record.fingerprint:
            unchanged += 1
            continue
        updated += entry is not None
        push.append(record)
    leaving = [e for e in entries if _task_of(e.id) in made.gone]
    unpulled = [e for e in leaving if any(action_id(e, r) not in pulled for r in e.responses if r.status != "draft")]
    kept = {e.id for e in unpulled}
    remove = [e for e in leaving if e.id not in kept]
    return Changes(tuple(push), tuple(replace), tuple(remove), tuple(unpulled), unchanged, updated)


def answers(
    entries: Iterable[BoardEntry],
    tasks: Iterable[Mapping[str, Any]],
    task: Task,
    reviewers: Mapping[str, str],
) -> Answers:
    """The board's responses as records for `pipelines.review.answers.import_records`.

    Submitted is accept or edit, discarded is skip, a draft is left out. An answer counts only for the text that its
    id was made from. `reviewers` maps the board's user names to reviewers; a name that it lacks stands for itself.
    """
    asked = {row["task"]: row for row in tasks}
    found: list[tuple[str, dict[str, Any]]] = []
    taken_back: list[tuple[str, str]] = []
    left_out: Counter[str] = Counter()
    by_user: Counter[str] = Counter()
    for entry in entries:
        row = asked.get(_task_of(entry.id))
        reason = "unknown_task" if row is None else "changed_text" if _changed(entry, row) else None
        if row is None or reason is not None:
            left_out[reason or "unknown_task"] += len(entry.responses)
            continue
        for response in entry.responses:
            if response.user is None:
                left_out["unknown_user"] += 1
                continue
            if response.status != "submitted":
                taken_back.append((action_start(entry.id, response.user_id), response.updated_at))
            if response.status == "draft":
                left_out["draft"] += 1
                continue
            if response.status == "submitted" and response.value is None:
                left_out["no_value"] += 1
                continue
            by_user[response.user] += 1
            name = reviewers.get(response.user, response.user)
            found.append((response.updated_at, _review(entry, response, row, task, name)))
    found.sort(key=lambda pair: pair[0])
    return Answers(tuple(r for _, r in found), dict(left_out), dict(by_user), tuple(taken_back))


def _needs_second(outcome: Any, here: set[str], overlap: int) -> bool:  # noqa: ANN401 - HumanOutcome or None
    return outcome is not None and outcome.status == "unsettled" and (not here or len(here) >= overlap)


def _from_board(review: Mapping[str, Any]) -> bool:
    return str(review["action_id"]).startswith("board:")


def _task_of(record: str) -> str:
    return record.split(".", 1)[0]


def _look_of(record: str) -> int:
    return 2 if record.endswith(".2") else 1


def _changed(entry: BoardEntry, row: Mapping[str, Any]) -> bool:
    return entry.id != record_id(row, _look_of(entry.id)) or entry.text != row["text"]


def _record(
    task: Mapping[str, Any], look: int, said: Sequence[dict[str, Any]], score: float | None, agent: str
) -> BoardRecord:
    blind = bool(task["blind"]) and look == 1
    metadata = {
        "stream": str(task["stream"]),
        "plan": str(task["plan"]),
        "look": str(look),
        "content_hash": str(task["content_hash"]),
    }
    if not blind:
        metadata["stratum"] = str(task["stratum"])
    suggestion = None if blind else task["proposed"]
    note = None if blind or not task["why"] else str(task["why"])
    if look == 2:
        first = next((r["value"] for r in reversed(said) if r["task"] == task["task"] and r["value"]), None)
        note = f"Second look. The label under review is {task['proposed']!r}; the first look said {first!r}."
    signer = AGENT_CHARS.sub("-", agent)[:200]
    content = {"text": task["text"], "note": note, "value": suggestion, "score": score, "agent": signer, **metadata}
    return BoardRecord(
        id=record_id(task, look),
        text=str(task["text"]),
        note=note,
        suggestion=suggestion,
        score=score if suggestion is not None else None,
        agent=signer if re.search(r"[a-zA-Z0-9]", signer) else "labeler",
        metadata=metadata,
        fingerprint=short_id("b", content),
    )


def action_id(entry: BoardEntry, response: BoardResponse) -> str:
    """Name one answer as it is now: a changed answer has another name."""
    said = [response.status, response.value, response.comment, response.updated_at]
    return action_start(entry.id, response.user_id) + short_id("a", said)


def _review(
    entry: BoardEntry, response: BoardResponse, row: Mapping[str, Any], task: Task, reviewer: str
) -> dict[str, Any]:
    value = None if response.status == "discarded" else response.value
    return {
        "task_id": row["task"],
        "reviewer": reviewer,
        "verdict": "skip" if value is None else "accept" if _same(task, value, row["proposed"]) else "edit",
        "value": row["proposed"] if value is not None and _same(task, value, row["proposed"]) else value,
        "blind": bool(row["blind"]) and _look_of(entry.id) == 1,
        "note": response.comment,
        "action_id": action_id(entry, response),
    }


def _same(task: Task, value: str, proposed: str | None) -> bool:
    """Whether an answer is the label under review, by the task's own equality; an editor may add a last line end."""
    if proposed is None:
        return False
    if value.strip() == proposed.strip():
        return True
    try:
        return as_first_said(task, task.check_value(value), proposed) == proposed
    except DataError:
        return False
