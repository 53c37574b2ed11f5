"""People's words about rows, given in another tool: reviews of a plan that was made for them, and of no draw.

A plan of purpose `opinions` has a task for each row that people spoke of, so that whatever reads reviews (the current
label, disputes, agreement, taking back, the audit log) reads them as well.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from curator.records import OPINION, Opinion, short_id
from storage.access import audit
from storage.engine.store import Connection, Store

_WHY = "brought in from another tool"


@dataclass(frozen=True, slots=True)
class Word:
    """An opinion that stands in the store: the newest of a person about a row."""

    example_id: str
    person: str
    verdict: str
    value: str | None
    said_at: str | None


def standing(store: Store, dataset: str, example_ids: Sequence[str]) -> dict[tuple[str, str], Word]:
    """(example id, person) -> the newest opinion in force about some rows."""
    rows = store.rows(
        "select r.example_id, r.reviewer, r.verdict, "
        "case when t.stratum = 'rejected' then t.proposed else r.value end, r.said_at from review r "
        "join review_task t using (task) where r.dataset = ? and t.stream = ? and r.verdict <> 'undo' "
        "and list_contains(?, r.example_id) "
        "and not exists (select 1 from review u where u.undoes = r.action_id) order by r.seq",
        [dataset, OPINION, list(example_ids)],
    )
    return {(row[0], row[1]): Word(*row) for row in rows}


def rejected(store: Store, dataset: str, example_ids: Sequence[str] | None = None) -> list[tuple[str, str, str]]:
    """Answers that people of other tools said are wrong: example id, answer, person; in the order in which they came.

    Of some rows, or of all.
    """
    return [
        (row[0], row[1], row[2])
        for row in store.rows(
            "select r.example_id, t.proposed, r.reviewer from review r join review_task t using (task) "
            "where r.dataset = ? and t.stream = ? and t.stratum = 'rejected' and r.verdict = 'reject' "
            "and t.proposed is not null and (? is null or list_contains(?, r.example_id)) "
            "and not exists (select 1 from review u where u.undoes = r.action_id) order by r.seq",
            [dataset, OPINION, example_ids and example_ids[0], list(example_ids or ())],
        )
    ]


def add(store: Store, dataset: str, given: Sequence[Opinion], *, actor: str, file: str, file_hash: str) -> int:
    """Append opinions, each once: rows without a task get one, in the same block. Returns how many went in.

    What a person said of a row under another `said_at`, or with another value, is a further record.
    """
    added = 0
    for start in range(0, len(given), 2_000):
        with store.transaction() as connection:
            added += _add(connection, dataset, given[start : start + 2_000], actor, file, file_hash)
    return added


def _add(connection: Connection, dataset: str, given: Sequence[Opinion], actor: str, file: str, file_hash: str) -> int:
    tasks = _tasks(connection, dataset, given, file)
    reviews = []
    for opinion in given:
        task, plan, proposed = tasks[opinion.example_id, _rejected(opinion)]
        verdict = {"accepted": "edit", "rejected": "reject", "skipped": "skip"}[opinion.status]
        said = [dataset, opinion.example_id, opinion.person, opinion.status, opinion.value, opinion.said_at]
        value = opinion.value if opinion.status == "accepted" else None
        reviews.append(
            {
                "task": task,
                "plan": plan,
                "dataset": dataset,
                "example_id": opinion.example_id,
                "reviewer": opinion.person,
                "verdict": "accept" if verdict == "edit" and value == proposed else verdict,
                "value": value,
                "blind": False,
                "seconds": opinion.seconds,
                "note": opinion.note,
                "action_id": short_id("o", [*said, file_hash]),
                "adjudicates": False,
                "said_at": opinion.said_at,
            }
        )
    frame = pl.DataFrame(reviews, schema=_REVIEW)
    what = connection.appended("review", frame, ignore_existing=True)
    if what.added:
        people = dict(frame.group_by("reviewer").len().sort("len", "reviewer", descending=[True, False]).iter_rows())
        detail = {"added": what.added, "reviewers": people, "file": file, "sha256": file_hash}
        audit.append(connection, what, actor=actor, action="review", subject=dataset, **detail)
    return what.added


_REVIEW: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(("task", "plan", "dataset", "example_id", "reviewer", "verdict", "value"), pl.String),
    "blind": pl.Boolean,
    "seconds": pl.Float64,
    **dict.fromkeys(("note", "action_id"), pl.String),
    "adjudicates": pl.Boolean,
    "said_at": pl.String,
}


def _rejected(opinion: Opinion) -> str | None:
    """The label that a rejection is about: a task speaks of one."""
    return opinion.value if opinion.status == "rejected" else None


def _tasks(
    connection: Connection, dataset: str, given: Sequence[Opinion], file: str
) -> dict[tuple[str, str | None], tuple[str, str, str | None]]:
    """(row, label that is rejected or None) -> task, its plan and its label; made where none is there."""
    rows = list(dict.fromkeys(opinion.example_id for opinion in given))
    have = connection.rows(
        "select t.example_id, t.proposed, t.task, t.plan, t.stratum from review_task t "
        "join example e using (example_id) where t.dataset = ? and t.stream = ? and list_contains(?, t.example_id) "
        "and t.content_hash = e.content_hash",
        [dataset, OPINION, rows],
    )
    found = {
        (row, proposed if stratum == "rejected" else None): (task, plan, proposed)
        for row, proposed, task, plan, stratum in have
    }
    wanted = dict.fromkeys((opinion.example_id, _rejected(opinion)) for opinion in given)
    new = [each for each in wanted if each not in found]
    if not new:
        return found
    hashes = dict(
        connection.rows(
            "select example_id, content_hash from example where list_contains(?, example_id)", [[row for row, _ in new]]
        )
    )
    labeler, labels = _machine(connection, dataset, [row for row, _ in new])
    plan = short_id("plan", [dataset, "opinions", connection.seq(), file, [list(each) for each in new]])
    made = pl.DataFrame(
        {
            "task": [short_id("t", [plan, *each]) for each in new],
            "plan": plan,
            "dataset": dataset,
            "example_id": [row for row, _ in new],
            "stream": OPINION,
            "stratum": ["said" if rejected is None else "rejected" for _, rejected in new],
            "inclusion_probability": 1.0,
            "position": list(range(len(new))),
            "blind": False,
            "content_hash": [hashes[row] for row, _ in new],
            "proposed": pl.Series([labels.get(row) if no is None else no for row, no in new], dtype=pl.String),
            "why": _WHY,
            "overlap": 1,
        }
    )
    connection.append("review_task", made)
    settings = {"reviews": 0, "risk_reviews": len(new), "why": f"{_WHY}: {file}"}
    record = {"plan": plan, "dataset": dataset, "purpose": "opinions", "labeler": labeler, "seed": 0}
    record |= {"as_of_seq": connection.seq(), "settings": json.dumps(settings, ensure_ascii=False)}
    connection.append("plan", pl.DataFrame([record]))
    return found | {
        key: (task, plan, proposed)
        for key, (task, proposed) in zip(new, made.select("task", "proposed").rows(), strict=True)
    }


def _machine(connection: Connection, dataset: str, rows: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The labeler that is no person, and its labels of some rows; nobody where there are several or none."""
    known = connection.rows("select distinct labeler from label where dataset = ? and kind <> 'human'", [dataset])
    if len(known) != 1:
        return "nobody", {}
    labels = connection.rows(
        "select example_id, arg_max(value, seq) from label where dataset = ? and labeler = ? and sample = 0 "
        "and list_contains(?, example_id) group by 1",
        [dataset, known[0][0], list(rows)],
    )
    return str(known[0][0]), dict(labels)
