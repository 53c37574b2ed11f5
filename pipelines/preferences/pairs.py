"""Preference pairs from people's choices and corrections, decisions, and a student's own wrong answers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curator.errors import RequestError
from curator.preferences import Candidate, PairFinding, build_pairs, check_pairs, preferred
from curator.records import PreferencePair, Task, as_first_said, is_right
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets
from storage.engine.store import Store
from storage.release import runs, versions
from storage.review import comparisons, opinions
from storage.views import current as views
from storage.views.current import approved_values

CAP = 40
"""Pairs for each (chosen, rejected) pair of labels, so that one confusion does not make the set."""


@dataclass(frozen=True, slots=True)
class PairsReport:
    """What became of the candidates.

    Attributes:
        dropped: By reason, and comparisons that ended in a tie or without a majority.
        by_majority: Choices that some of those asked did not share; the votes stay in the store.
    """

    dataset: str
    added: int
    pairs: int
    by_source: dict[str, int]
    dropped: dict[str, int]
    by_majority: int = 0


def build(
    dataset: str,
    store: Store,
    *,
    labeler: str | None = None,
    student: str | None = None,
    cap: int = CAP,
    seed: int = 0,
) -> PairsReport:
    """Build pairs for every releasable row where a wrong answer is known.

    Args:
        dataset: The dataset.
        store: The store.
        labeler: Whose labels count as the teacher's.
        student: A request key of a student's answers to the rows (see `pipelines.students.asking.answer`), or None.
        cap: At most so many pairs for one pair of labels.
        seed: Decides among equals over the cap.
    """
    acting.require("export")
    if cap < 1:
        msg = f"--cap is {cap}, expected at least 1"
        raise RequestError(msg)
    task = datasets.task_of(store, datasets.require(store, dataset))
    rows = views.current(store, dataset, labeler=labeler)
    good = rows.filter(pl.col("out").is_null() & pl.col("value").is_not_null())
    candidates = [c for row in good.iter_rows(named=True) for c in _known_wrong(dataset, row, task)]
    if student is not None:
        candidates += _student_errors(dataset, good, runs.predictions(store, student), task)
    approved = approved_values(good)
    given = _of_rows(comparisons.given(store, dataset), rows)
    said = preferred(dataset, _of_rows(comparisons.answers(store, dataset), rows), given)
    candidates += _rejected_answers(dataset, good, opinions.rejected(store, dataset))
    candidates += said.candidates
    result = build_pairs(candidates, cap_per_label_pair=cap, seed=seed, approved=approved)
    told = audit.telling(actor=acting.actor(), action="pairs", subject=dataset, count=True)
    added = versions.add_pairs(store, result.pairs, told=told)
    dropped = {"tie": said.ties, "reviewers_differ": said.conflicts} | {str(k): n for k, n in result.dropped.items()}
    return PairsReport(
        dataset=dataset,
        added=added,
        pairs=len(versions.pairs(store, dataset)),
        by_source=dict(Counter(p.source for p in result.pairs)),
        dropped={reason: n for reason, n in dropped.items() if n},
        by_majority=said.by_majority,
    )


def check(dataset: str, store: Store) -> tuple[PairFinding, ...]:
    """What is wrong with the dataset's pairs, and what they would teach by accident."""
    datasets.require(store, dataset)
    rows = views.current(store, dataset)
    inputs = dict(rows.select("example_id", "text").iter_rows())
    pairs = versions.pairs(store, dataset)
    return check_pairs(pairs, inputs, sources=_sources(store, dataset, pairs))


def _sources(store: Store, dataset: str, pairs: Sequence[PreferencePair]) -> dict[str, tuple[str, str]]:
    """Pair -> whose answers the chosen and the rejected one are, for pairs that come from a comparison."""
    both = pl.concat(
        [each.select("example_id", "a_source", "b_source", "a", "b")
         for each in (comparisons.answers(store, dataset), comparisons.given(store, dataset))]
    ).unique()  # fmt: skip
    known: dict[tuple[str, str, str], tuple[str, str]] = {}
    for example, a_source, b_source, a, b in both.iter_rows():
        known[example, a, b] = (a_source, b_source)
        known[example, b, a] = (b_source, a_source)
    keyed = {pair.id: known.get((pair.example_id, pair.chosen, pair.rejected)) for pair in pairs}
    return {ident: sources for ident, sources in keyed.items() if sources is not None}


def _of_rows(said: pl.DataFrame, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Choices about rows that are not excluded, oldest first."""
    there = rows.filter(pl.col("out").ne_missing("excluded")).select("example_id")
    return list(said.join(there, on="example_id", how="semi").sort("seq").iter_rows(named=True))


def _known_wrong(dataset: str, row: dict[str, Any], task: Task) -> list[Candidate]:
    """A person's correction of the teacher, one by one or for a group."""
    teacher, value = row["teacher_value"], row["value"]
    if teacher is None or as_first_said(task, value, teacher) == teacher:  # the same JSON is no correction
        return []
    decided = row["basis"] == "decision"
    return [Candidate(row["example_id"], dataset, value, teacher, "decision" if decided else "review_edit")]


def _rejected_answers(dataset: str, good: pl.DataFrame, wrong: Sequence[tuple[str, str, str]]) -> list[Candidate]:
    """Answers that somebody said elsewhere are wrong, against the label in force."""
    values = dict(good.select("example_id", "value").iter_rows())
    return [Candidate(row, dataset, values[row], answer, "import") for row, answer, _ in wrong if row in values]


def _student_errors(dataset: str, good: pl.DataFrame, answers: pl.DataFrame, task: Task) -> list[Candidate]:
    joined = good.join(answers, on="example_id", how="inner", maintain_order="left")
    return [
        Candidate(row["example_id"], dataset, row["value"], row["answer"], "student_error")
        for row in joined.iter_rows(named=True)
        if not is_right(task, row["answer"], row["value"])
    ]
