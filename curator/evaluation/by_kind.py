"""What is measured of a contestant's answers, by kind of task: one record for all that a report says of them.

classification: accuracy, macro F1, each class, which label was taken for which. extraction: whole records, JSON
validity, fields (precision, recall, F1), and sets of labels where the schema has one. sql: the result on a sample
database where there is one, and the form. text: exact, normalised, chrF (Popović 2015, by sacrebleu).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from curator.evaluation.fields import (
    FieldCounts,
    count_by_field,
    count_fields,
    label_set,
    read_answer,
    set_path,
)
from curator.evaluation.metrics import ClassMetrics, Metric, accuracy, macro_f1, mean_score, per_class, pooled_ratio
from curator.records import Task, is_right

SHOWN_CONFUSIONS: Final = 200
"""Pairs of labels that a report keeps, the most frequent first."""
SHOWN_FIELDS: Final = 100
_MARKS = re.compile(r"[^\w\s]")


@dataclass(frozen=True, slots=True)
class TakenFor:
    """Rows whose true label is `truth` and that were given `said`; None where the answer was no label."""

    truth: str
    said: str | None
    n: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A contestant's answers, measured.

    Attributes:
        right_N: Whether each answer is right.
        scores_N: What comparisons are made on, 0..1 for each answer: right or wrong, for free text the chrF.
        decides: The metric that `scores_N` is, by its name.
        metrics: Everything else that is said with an interval; the first is the share of right answers.
        per_class: One for each label of a classification or of a set of labels; None elsewhere.
        per_field: One for each field of a JSON answer; None elsewhere.
        confusion: Labels taken for others, the most frequent first; None but for classification.
        by_form: Queries that the form decided, as the true one gives no rows; None without a database.
    """

    right_N: NDArray[np.bool_]
    scores_N: NDArray[np.float64]
    decides: str
    metrics: tuple[Metric, ...]
    per_class: tuple[ClassMetrics, ...] | None = None
    per_field: tuple[ClassMetrics, ...] | None = None
    confusion: tuple[TakenFor, ...] | None = None
    by_form: int | None = None


@dataclass(frozen=True, slots=True)
class Executed:
    """Whether a query gave the rows that the true query gives.

    Attributes:
        same: It did; None where the true query cannot be run or gives no row, so that the form decides.
        fault: Why the query could not be run; None where it could.
    """

    same: bool | None
    fault: str | None = None


def measure(
    task: Task,
    truth: Sequence[str],
    said: Sequence[str | None],
    groups_N: NDArray[Any],
    *,
    seed: int,
    name: Literal["accuracy", "agreement"] = "accuracy",
    readable: Sequence[str | None] | None = None,
    executed: Sequence[Executed] | None = None,
) -> Measured:
    """Measure one contestant's answers.

    Args:
        task: What was asked.
        truth: The true answers.
        said: The contestant's answers as values of the task; None where an answer is none.
        groups_N: Group of each item.
        seed: Of the resampling.
        name: What the share of right answers is called.
        readable: The answers that are JSON, whether they fit the task's schema or not; None: those in `said`.
        executed: Results of the queries, for a task of SQL with a sample database.

    Raises:
        NotEnoughDataError: Fewer than two groups.
    """
    same_N = np.array([s is not None and is_right(task, s, t) for t, s in zip(truth, said, strict=True)], dtype=bool)
    match task.kind:
        case "classification":
            return _classes(task, truth, said, same_N, groups_N, seed, name)
        case "extraction":
            return _records(task, truth, (said, said if readable is None else readable), same_N, groups_N, seed, name)
        case "sql":
            return _queries(same_N, groups_N, name, executed)
        case _:
            return _texts(truth, said, same_N, groups_N, name)


def _plain(right_N: NDArray[np.bool_]) -> NDArray[np.float64]:
    return right_N.astype(np.float64)


def _classes(
    task: Task,
    truth: Sequence[str],
    said: Sequence[str | None],
    same_N: NDArray[np.bool_],
    groups_N: NDArray[Any],
    seed: int,
    name: str,
) -> Measured:
    labels = list(task.labels)
    known = [value if value in task.labels else None for value in said]
    pairs = Counter((t, s) for t, s in zip(truth, known, strict=True) if t != s)
    return Measured(
        same_N,
        _plain(same_N),
        name,
        (accuracy(same_N, groups_N, name=name), macro_f1(truth, known, labels, groups_N, seed=seed)),
        per_class=per_class(truth, known, labels),
        confusion=tuple(TakenFor(t, s, n) for (t, s), n in pairs.most_common(SHOWN_CONFUSIONS)),
    )


def _records(
    task: Task,
    truth: Sequence[str],
    said: tuple[Sequence[str | None], Sequence[str | None]],
    same_N: NDArray[np.bool_],
    groups_N: NDArray[Any],
    seed: int,
    name: str,
) -> Measured:
    fitting, readable = said
    true, given = [read_answer(t) for t in truth], [read_answer(s) for s in readable]
    counts = [count_fields(t, s) for t, s in zip(true, given, strict=True)]
    metrics = [
        accuracy(same_N, groups_N, name=name),
        accuracy(np.array([each.leaves is not None for each in given]), groups_N, name="valid JSON"),
        *_pooled(counts, groups_N, seed, "field "),
    ]
    if task.schema is not None:
        fits_N = np.array([each is not None for each in fitting])
        metrics.insert(2, accuracy(fits_N, groups_N, name="fits the schema"))
    where = set_path(task.schema)
    classes = None
    if where is not None:
        pairs = [(label_set(t, where), label_set(s, where)) for t, s in zip(true, given, strict=True)]
        sets = [FieldCounts(len(t & s), len(t - s), len(s - t)) for t, s in pairs]
        each_N = np.array([1.0 if not (t or s) else 2 * len(t & s) / (len(t) + len(s)) for t, s in pairs])
        metrics += [mean_score(each_N, groups_N, name="set F1"), *_pooled(sets, groups_N, seed, "label ")]
        classes = _of_sets(pairs)
    return Measured(
        same_N,
        _plain(same_N),
        name,
        tuple(metrics),
        per_class=classes,
        per_field=tuple(_ratios(path, c) for path, c in [*count_by_field(true, given).items()][:SHOWN_FIELDS]),
    )


def _pooled(counts: Sequence[FieldCounts], groups_N: NDArray[Any], seed: int, what: str) -> list[Metric]:
    """Precision, recall and F1 over all fields of all answers together."""
    hits, missed, made_up = (
        np.array([getattr(c, n) for c in counts], dtype=np.float64) for n in ("hits", "missed", "made_up")
    )
    parts = (("precision", hits, hits + made_up), ("recall", hits, hits + missed))
    f1 = ("F1", 2 * hits, 2 * hits + missed + made_up)
    return [
        found
        for title, top, bottom in (*parts, f1)
        if (found := pooled_ratio(top, bottom, groups_N, seed=seed, name=what + title)) is not None
    ]


def _ratios(label: str, c: FieldCounts) -> ClassMetrics:
    size = 2 * c.hits + c.missed + c.made_up
    return ClassMetrics(
        label,
        c.hits + c.missed,
        c.hits + c.made_up,
        c.hits / (c.hits + c.made_up) if c.hits + c.made_up else None,
        c.hits / (c.hits + c.missed) if c.hits + c.missed else None,
        2 * c.hits / size if size else None,
    )


def _of_sets(pairs: Sequence[tuple[frozenset[str], frozenset[str]]]) -> tuple[ClassMetrics, ...]:
    """One for each label that stands in truth or answers, the most frequent in truth first."""
    hits, true, given = Counter[str](), Counter[str](), Counter[str]()
    for t, s in pairs:
        hits.update(t & s)
        true.update(t)
        given.update(s)
    names = sorted(true.keys() | given.keys(), key=lambda label: (-true[label], label))[:SHOWN_FIELDS]
    return tuple(
        _ratios(_shown(label), FieldCounts(hits[label], true[label] - hits[label], given[label] - hits[label]))
        for label in names
    )


def _shown(leaf: str) -> str:
    return leaf[1:-1] if len(leaf) > 1 and leaf[0] == leaf[-1] == '"' else leaf


def _queries(
    same_N: NDArray[np.bool_], groups_N: NDArray[Any], name: str, executed: Sequence[Executed] | None
) -> Measured:
    form = accuracy(same_N, groups_N, name="the same by form")
    if executed is None:
        return Measured(same_N, _plain(same_N), name, (accuracy(same_N, groups_N, name=name), form))
    right_N = np.array(
        [by_form if each.same is None else each.same for each, by_form in zip(executed, same_N, strict=True)],
        dtype=bool,
    )
    ran_N = np.array([each.fault is None for each in executed])
    metrics = (accuracy(right_N, groups_N, name=name), form, accuracy(ran_N, groups_N, name="runs on the database"))
    return Measured(right_N, _plain(right_N), name, metrics, by_form=sum(each.same is None for each in executed))


def _texts(
    truth: Sequence[str],
    said: Sequence[str | None],
    same_N: NDArray[np.bool_],
    groups_N: NDArray[Any],
    name: str,
) -> Measured:
    near_N = np.array([s is not None and _normal(s) == _normal(t) for t, s in zip(truth, said, strict=True)])
    chrf_N = np.array([0.0 if s is None else chrf(s, t) for t, s in zip(truth, said, strict=True)])
    metrics = (
        accuracy(same_N, groups_N, name=name),
        accuracy(near_N | same_N, groups_N, name="normalised match"),
        mean_score(chrf_N, groups_N, name="chrF"),
    )
    return Measured(same_N, chrf_N, "chrF", metrics)


def _normal(text: str) -> str:
    """Without case, marks, and differences of white space and of compatible characters."""
    return " ".join(_MARKS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).split())


@lru_cache(maxsize=1)
def _chrf() -> Any:  # noqa: ANN401 - sacrebleu is untyped
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


def chrf(said: str, truth: str) -> float:
    """The chrF2 of one text, 0..1 (sacrebleu: nrefs:1, case:mixed, eff:yes, nc:6, nw:0, space:no).

    >>> round(chrf("hello wrld", "hello world"), 4)
    0.5583
    """
    return float(_chrf().sentence_score(said, [truth]).score) / 100
