"""Every quality check in one pass: findings, and scores for all rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.checks import doubts, findings, hygiene
from curator.checks.conversation import Conversations, conversation_faults
from curator.composition import MAX_RATIO, MAX_SHARE, MIN_LABEL_ROWS, balance, cap_plan
from curator.duplicates import (
    MAX_ROWS,
    THRESHOLD,
    Contradiction,
    NearPairs,
    closed_groups,
    contradictions,
    exact_groups,
    leaks,
    near_groups,
    near_pairs,
    repetition,
    semantic_pairs,
    template_forms,
)
from curator.errors import DataError
from curator.label_errors import OutsideProbabilities, with_reviews
from curator.ports import Progress
from curator.records import Finding, Task, answer_form, query_form
from curator.statistics import unit_rows
from curator.text import COURTESIES, normalise

_COLUMNS = ("example_id", "external_id", "text", "label", "group", "split", "confidence")
_STEPS = 5
_MAX_REPEATED = 0.5  # effective inputs below this share of the rows are said to be made from templates


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the checks found.

    Attributes:
        findings: Groups in full, suspect labels as `doubts.TOP_SUSPECTS` says.
        scores: example_id, kind, score: "suspect_label" for every row that can be ranked, "risk" in
            0..1 for every row.
        counts: Findings by kind; for suspect_label the rows that were ranked.
        notes: The guards that applied, in words.
    """

    findings: tuple[Finding, ...]
    scores: pl.DataFrame
    counts: dict[str, int]
    notes: tuple[str, ...]


def run_checks(
    rows: pl.DataFrame,
    vectors_ND: NDArray[np.float32] | None,
    *,
    task: Task,
    seed: int,
    reviewed: pl.DataFrame | None = None,
    outside: OutsideProbabilities | None = None,
    progress: Progress | None = None,
) -> CheckResult:
    """Run every check on one labelled set.

    Args:
        rows: Columns example_id, external_id, text, label, group, split ("train", "test" or null) and
            confidence (0..1 or null); where there is a column system, its system prompts are compared and searched,
            where there is a column tools (tools and calls as JSON), it is searched, and where there is a column
            context, rows that differ in it are different inputs.
        vectors_ND: Embeddings in the order of `rows`, brought to unit length here, or None.
        task: What the rows are labelled for.
        seed: Seed of everything random.
        reviewed: example_id, given (the label reviewed) and value (what the person said). Only rows
            whose present label is one of the two count. Suspect labels and patterns are looked for in the
            labels as given, since a corrected row still tells about its neighbours; reviewed rows are not
            listed as suspects again.
        outside: What another model says of the classes of each row; a further opinion in the suspect ranking.
        progress: Called after each step.

    Raises:
        DataError: A column is missing, an id stands twice, the vectors do not match the rows, or one is not finite.
    """
    _check_input(rows, vectors_ND)
    vectors_ND = None if vectors_ND is None else unit_rows(vectors_ND)
    tick = progress or (lambda _done, _total: None)
    table = findings.CheckedRows(rows["example_id"].to_list(), rows["text"].to_list(), rows["label"].to_list())
    said, given = doubts.said(table, reviewed)
    notes: list[str] = [] if vectors_ND is not None else ["no vectors: nothing was compared by meaning"]
    blind = set() if vectors_ND is None else set(np.flatnonzero(~vectors_ND.any(axis=1)).tolist())
    if blind:
        named = ", ".join(rows["external_id"].gather(sorted(blind)[:5]).to_list())
        notes.append(f"{len(blind):,} rows have no vector ({named}{' …' if len(blind) > 5 else ''}): they were not "
                     "compared by meaning nor ranked as suspects; `curator embed` makes them")  # fmt: skip
    contexts = rows["context"].to_list() if "context" in rows.columns else [None] * len(rows)
    pairs = near_pairs(table.texts, contexts=contexts, seed=seed)
    tick(1, _STEPS)
    found = _row_findings(table, rows, pairs, contexts, task, notes)
    found += _meaning_findings(table, vectors_ND, pairs, contexts, _by_value(table.labels, task), notes)
    tick(2, _STEPS)
    conflicts: list[Contradiction] = []
    if task.kind == "text":
        notes.append("contradiction: free answers to one input may differ; they are not set against each other")
    else:
        conflicts = contradictions(
            table.texts, _by_value(table.labels, task), _setting_apart(pairs, table, task), contexts=contexts
        )
    found += [findings.contradiction(table, conflict) for conflict in conflicts]
    tick(3, _STEPS)
    as_given = replace(
        table,
        labels=[None if row in blind else given.get(row, label) for row, label in enumerate(table.labels)],
    )
    confidences = rows["confidence"].to_list()
    noise, patterns = doubts.label_checks(as_given, vectors_ND, task, seed, said, confidences, outside, notes)
    wrong = {row: value != as_given.labels[row] for row, value in said.items()}
    noise = with_reviews(doubts.with_faults(noise, found, table, task), wrong)
    found += [findings.pattern(as_given, pattern, said) for pattern in patterns]
    tick(4, _STEPS)
    ranked = [row for row in doubts.ranked(noise) if row not in said]
    found += [findings.suspect(table, noise, row, outside) for row in doubts.listed(ranked, noise)]
    counts: dict[str, int] = dict(sorted(Counter(str(finding.kind) for finding in found).items()))
    if ranked:
        counts["suspect_label"] = len(ranked)
    if ranked and task.kind == "classification":
        outvoted = sum(bool(noise.other_N[row] > noise.self_N[row]) for row in ranked)
        notes.append(
            f"suspect_label: {len(ranked):,} rows are ranked; rows like them speak against {outvoted:,} of their labels"
            + (
                f", of which about {min(noise.wrong, outvoted):,.0f} are wrong by the confident joint"
                if noise.wrong and outvoted
                else ""
            )
        )
    risk_N = doubts.risk(table, confidences, noise, conflicts, patterns)
    tick(_STEPS, _STEPS)
    unseen_N = noise.score_N.copy()
    unseen_N[list(said)] = np.nan
    return CheckResult(tuple(found), doubts.scores(table.ids, unseen_N, risk_N), counts, tuple(notes))


def _check_input(rows: pl.DataFrame, vectors_ND: NDArray[np.float32] | None) -> None:
    missing = [name for name in _COLUMNS if name not in rows.columns]
    if missing:
        msg = f"rows lack the columns {', '.join(missing)}; expected {', '.join(_COLUMNS)}"
        raise DataError(msg)
    twice = rows.filter(pl.col("example_id").is_duplicated())["example_id"]
    if len(twice):
        msg = f"example_id {twice[0]!r} stands in more than one row; ids must be unique"
        raise DataError(msg)
    if vectors_ND is not None and (vectors_ND.ndim != 2 or len(vectors_ND) != len(rows)):
        msg = f"vectors have shape {vectors_ND.shape} for {len(rows)} rows; expected one vector for each row"
        raise DataError(msg)


def _row_findings(
    table: findings.CheckedRows, rows: pl.DataFrame, pairs: NearPairs, contexts: Sequence[str | None], task: Task,
    notes: list[str],
) -> list[Finding]:  # fmt: skip
    known = list(task.labels) if task.kind == "classification" else None
    answers = _by_value(table.labels, task)
    same = exact_groups(table.texts, contexts)
    found = [findings.duplicate(table, "exact_duplicate", group, answers) for group in same]
    # A word more that goes with another answer is what the answer is about; free answers differ without a reason.
    near = pairs if task.kind == "text" else pairs.without(pairs.by_words() & _answers_differ(pairs, answers))
    closed = closed_groups(near_groups(near, len(rows)), same)
    found += [findings.duplicate(table, "near_duplicate", group, answers) for group in closed]
    forms = template_forms(table.texts)
    repeated = repetition(forms)
    if repeated.rows and repeated.effective < _MAX_REPEATED * len(rows):
        found.append(findings.template(table, repeated))
    splits, groups = rows["split"].to_list(), rows["group"].to_list()
    classes = table.labels if known else ()
    queries = [label and query_form(label, task.dialect) for label in table.labels] if task.kind == "sql" else []
    leaked = leaks(table.texts, splits, groups, pairs, forms, labels=classes, contexts=contexts, queries=queries)
    found += [findings.leak(table, leak) for leak in leaked]
    found += [
        findings.fault(table, "format", fault) for fault in hygiene.format_faults(table.texts, table.labels, known)
    ]
    systems = rows["system"].to_list() if "system" in rows.columns else []
    found += [findings.fault(table, "format", fault) for fault in hygiene.mixed_system_prompts(systems)]
    if known is not None:
        found += [findings.fault(table, "shortcut", fault) for fault in hygiene.shortcuts(table.texts, table.labels)]
        found += _class_findings(table, known)
    return found + _conversation_findings(table, rows, task, notes)


def _conversation_findings(
    table: findings.CheckedRows, rows: pl.DataFrame, task: Task, notes: list[str]
) -> list[Finding]:
    columns = {name: rows[name].to_list() for name in ("system", "tools") if name in rows.columns}
    answers = [] if task.kind == "classification" else table.labels
    parts = Conversations(table.texts, columns.get("system", []), columns.get("tools", []), answers)
    return [findings.fault(table, kind, fault) for kind, fault in conversation_faults(parts, task, notes)]


def _meaning_findings(
    table: findings.CheckedRows,
    vectors_ND: NDArray[np.float32] | None,
    pairs: NearPairs,
    contexts: Sequence[str | None],
    answers: Sequence[str | None],
    notes: list[str],
) -> list[Finding]:
    if vectors_ND is None:
        return []
    if len(table.ids) > MAX_ROWS:
        notes.append(f"semantic_duplicate: not compared above {MAX_ROWS:,} rows")
        return []
    alike, blind = semantic_pairs(vectors_ND, table.texts, pairs, contexts=contexts)
    notes += blind
    groups = near_groups(alike, len(table.ids), threshold=THRESHOLD)
    return [findings.duplicate(table, "semantic_duplicate", group, answers) for group in groups]


def _answers_differ(pairs: NearPairs, answers: Sequence[str | None]) -> NDArray[np.bool_]:
    given = [(answers[left], answers[right]) for left, right in zip(pairs.left_P, pairs.right_P, strict=True)]
    return np.array([None not in both and both[0] != both[1] for both in given], dtype=bool)


def _class_findings(table: findings.CheckedRows, known: Sequence[str]) -> list[Finding]:
    spread = balance(table.labels)
    found: list[Finding] = []
    if len(spread.counts) > 1:
        limit = max(MAX_SHARE, 2.0 / len(spread.counts))
        if spread.ratio > MAX_RATIO or spread.largest_share > limit:
            plan = cap_plan(spread.counts, limit) if len(spread.counts) * limit >= 1.0 else None
            found.append(findings.imbalance(table, spread, plan))
    if spread.counts:
        names = dict.fromkeys([*known, *sorted(spread.counts)])
        for label in names:
            if spread.counts.get(label, 0) < MIN_LABEL_ROWS:
                found.append(
                    findings.too_few(table, label, [row for row, given in enumerate(table.labels) if given == label])
                )
    return found


def _by_value(labels: Sequence[str | None], task: Task) -> Sequence[str | None]:
    """The labels, of which those that are the same answer (JSON by value, SQL by structure) have one spelling."""
    if task.kind not in ("extraction", "sql"):
        return labels
    first: dict[str, str] = {}
    return [label and first.setdefault(answer_form(task, label), label) for label in labels]


def _words(text: str) -> set[str]:
    return set(normalise(text).split())


def _setting_apart(pairs: NearPairs, table: findings.CheckedRows, task: Task) -> NearPairs:
    """The pairs whose inputs must have one answer: where answers are taken from the input, no word more may part them.

    The population and the population density of a place are two questions, and no contradiction.
    """
    if task.kind not in ("extraction", "sql"):
        return pairs
    say_more = [
        bool((_words(table.texts[left]) ^ _words(table.texts[right])) - COURTESIES)
        for left, right in zip(pairs.left_P.tolist(), pairs.right_P.tolist(), strict=True)
    ]
    return pairs.without(pairs.by_words() & np.array(say_more, dtype=bool))
