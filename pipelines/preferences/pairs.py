"""Preference pairs from people's choices and corrections, decisions, and a student's own wrong answers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curator.errors import NotFoundError, RequestError
from curator.preferences import (
    SOURCE_VALUE,
    Candidate,
    PairFinding,
    balanced_by_length,
    build_pairs,
    check_pairs,
    length_auc,
    preferred,
)
from curator.records import PreferencePair, Task, answer_form, as_first_said, is_right
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
        added: Pairs that were not stored before.
        pairs: All stored pairs.
        by_source: The pairs that this build found and did not drop, stored before or not, by where they come from.
        dropped: By reason, and comparisons that ended in a tie or without a majority.
        length_auc: How well length alone tells the chosen answer among all stored pairs; 0.5 is chance.
        length_auc_before: The same before `balance`; None where none was asked.
        by_majority: Choices that some of those asked did not share; the votes stay in the store.
    """

    dataset: str
    added: int
    pairs: int
    by_source: dict[str, int]
    dropped: dict[str, int]
    by_majority: int = 0
    length_auc: float | None = None
    length_auc_before: float | None = None


def build(
    dataset: str,
    store: Store,
    *,
    labeler: str | None = None,
    student: str | None = None,
    cap: int = CAP,
    seed: int = 0,
    balance: bool = False,
) -> PairsReport:
    """Build pairs for every releasable row where a wrong answer is known.

    Args:
        dataset: The dataset.
        store: The store.
        labeler: Whose labels count as the teacher's.
        student: A request key of a student's answers to the rows (see `pipelines.students.asking.answer`), or None.
        cap: At most so many pairs for one pair of labels.
        seed: Decides among equals over the cap.
        balance: Leave out pairs until length does not tell the chosen answer; those that are stored stay.
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
    # Two spellings of one answer teach a spelling: equal JSON, SQL of one structure.
    differing = [c for c in candidates if answer_form(task, c.chosen) != answer_form(task, c.rejected)]
    result = build_pairs(differing, cap_per_label_pair=cap, seed=seed, approved=approved)
    dropped = {"tie": said.ties, "reviewers_differ": said.conflicts} | {str(k): n for k, n in result.dropped.items()}
    dropped["identical"] = dropped.get("identical", 0) + len(candidates) - len(differing)
    built, wanted, before = result.pairs, result.pairs, None
    if balance:
        stored = versions.pairs(store, dataset)
        fixed = frozenset(pair.id for pair in stored)
        everything = [*stored, *(pair for pair in result.pairs if pair.id not in fixed)]
        before = length_auc(everything)
        kept, gone = balanced_by_length(everything, seed=seed, fixed=fixed)
        left = frozenset(pair.id for pair in kept)
        built = tuple(pair for pair in result.pairs if pair.id in left)
        wanted, dropped["length_balance"] = tuple(pair for pair in built if pair.id not in fixed), len(gone)
    told = audit.telling(actor=acting.actor(), action="pairs", subject=dataset, count=True)
    added = versions.add_pairs(store, wanted, told=told)
    stored = versions.pairs(store, dataset)
    return PairsReport(
        dataset=dataset,
        added=added,
        pairs=len(stored),
        by_source=dict(Counter(p.source for p in built)),
        dropped={reason: n for reason, n in dropped.items() if n},
        by_majority=said.by_majority,
        length_auc=length_auc(stored),
        length_auc_before=before,
    )


@dataclass(frozen=True, slots=True)
class ListedPair:
    """A stored pair as a person sees it.

    Attributes:
        pair: Its id.
        example_id: The row's id.
        external_id: The row's id outside.
        input: What was asked.
        chosen: The preferred answer.
        rejected: The other one.
        source: Where it came from.
        split: Of its row; None until it is frozen.
        label: The row's label now.
        left_out: Why the row is in no release now; None where it may be.
    """

    pair: str
    example_id: str
    external_id: str
    input: str
    chosen: str
    rejected: str
    source: str
    split: str | None
    label: str | None
    left_out: str | None


def listing(
    dataset: str, store: Store, *, source: str | None = None, row: str | None = None, contains: str | None = None
) -> list[ListedPair]:
    """The stored pairs, oldest first.

    Args:
        dataset: The dataset.
        store: The store.
        source: Of this source alone.
        row: Of the row with this external id alone.
        contains: Those that have this text in the input or in an answer; case does not count.

    Raises:
        RequestError: The source is none.
    """
    datasets.require(store, dataset)
    if source is not None and source not in SOURCE_VALUE:
        msg = f"--source {source!r} is unknown, expected {', '.join(SOURCE_VALUE)}"
        raise RequestError(msg)
    columns = ("external_id", "text", "split", "value", "out")
    rows = views.current(store, dataset)
    by_id = {each[0]: each[1:] for each in rows.select("example_id", *columns).iter_rows()}
    word = None if contains is None else contains.lower()
    found = []
    for pair in versions.pairs(store, dataset):
        name, text, split, label, out = by_id.get(pair.example_id, ("", "", None, None, "the row is gone"))
        if (source is not None and pair.source != source) or (row is not None and name != row):
            continue
        if word is not None and not any(word in each.lower() for each in (text, pair.chosen, pair.rejected)):
            continue
        found.append(
            ListedPair(pair.id, pair.example_id, name, text, pair.chosen, pair.rejected, pair.source, split, label, out)
        )
    return found


def show(dataset: str, store: Store, pair: str) -> ListedPair:
    """One stored pair.

    Raises:
        NotFoundError: There is no such pair.
    """
    for each in listing(dataset, store):
        if each.pair == pair:
            return each
    msg = f"no pair {pair!r} in {dataset}; `curator pairs list` lists them"
    raise NotFoundError(msg)


def _sides(store: Store, dataset: str) -> list[tuple[str, bool]]:
    """For each choice of a person that is no tie: who, and whether it was the left answer."""
    said = comparisons.answers(store, dataset).filter(pl.col("choice").is_in(["a", "b"]))
    return [(who, choice == left) for who, choice, left in said.select("reviewer", "choice", "left_side").iter_rows()]


def check(dataset: str, store: Store) -> tuple[PairFinding, ...]:
    """What is wrong with the dataset's pairs, and what they would teach by accident."""
    datasets.require(store, dataset)
    rows = views.current(store, dataset)
    inputs = dict(rows.select("example_id", "text").iter_rows())
    pairs = versions.pairs(store, dataset)
    return check_pairs(pairs, inputs, sources=_sources(store, dataset, pairs), sides=_sides(store, dataset))


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
