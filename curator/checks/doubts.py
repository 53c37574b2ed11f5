"""Doubts about labels: what the rankings say of the rows as labelled, which of it is listed, and each row's risk."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.checks.answer_faults import SPOILT
from curator.checks.findings import CheckedRows
from curator.duplicates import Contradiction
from curator.label_errors import (
    CERTAIN,
    NoiseResult,
    OutsideProbabilities,
    Pattern,
    find_patterns,
    suspect,
    suspect_answers,
)
from curator.records import Finding, Task

TOP_SUSPECTS, MAX_SUSPECTS = 200, 10_000
"""Suspect rows that become findings: the first ones, and those after them whose label has less support than
another, up to a maximum. The scores hold every row."""
# Least risk of rows in a group finding; suspect scores go up to 1.
_RISK_EXACT, _RISK_NEAR, _RISK_PATTERN, _RISK_SHAPE, _RISK_UNKNOWN = 0.9, 0.6, 0.95, 0.5, 0.5


def said(table: CheckedRows, reviewed: pl.DataFrame | None) -> tuple[dict[int, str], dict[int, str]]:
    """Return row -> what a person said, and row -> the label that was reviewed."""
    values: dict[int, str] = {}
    given: dict[int, str] = {}
    if reviewed is not None:
        row_by_id = {example_id: row for row, example_id in enumerate(table.ids)}
        for example_id, label, value in reviewed.select("example_id", "given", "value").iter_rows():
            row = row_by_id.get(example_id)
            if row is not None and value is not None and table.labels[row] in (label, value):
                values[row], given[row] = value, label
    return values, given


def label_checks(
    table: CheckedRows, vectors_ND: NDArray[np.float32] | None, task: Task, seed: int, said: dict[int, str],
    confidences: Sequence[float | None], outside: OutsideProbabilities | None, notes: list[str],
) -> tuple[NoiseResult, tuple[Pattern, ...]]:  # fmt: skip
    """Rank the rows by doubt and look for patterns; guards that applied are added to `notes`."""
    labels: Sequence[str | None] = table.labels
    if all(label is None for label in labels):
        notes.append("suspect_label, label_pattern: no row has a label")
    if task.kind != "classification":
        notes.append(f"label_pattern: answers of a {task.kind} task are no classes; no patterns are looked for")
        noise = suspect_answers(vectors_ND, table.texts, labels, task.kind, seed)
        notes += noise.notes
        return noise, ()
    noise = suspect(vectors_ND, table.texts, labels, seed, confidences, outside)
    patterns = find_patterns(vectors_ND, table.texts, labels, seed=seed, reviewed=said)
    if any(label is not None for label in labels):
        notes += [*noise.notes, *patterns.notes]
    return noise, patterns.patterns


def ranked(noise: NoiseResult) -> list[int]:
    """Return the rows that can be ranked, most suspect first."""
    order = np.argsort(-noise.score_N, kind="stable")  # NaN sorts last
    return [int(row) for row in order[: int(np.isfinite(noise.score_N).sum())]]


def listed(order: Sequence[int], noise: NoiseResult) -> list[int]:
    """Return the ranked rows that a person should find in a list, most suspect first."""
    outvoted = [row for row in order[TOP_SUSPECTS:] if noise.other_N[row] > noise.self_N[row]]
    return [*order[:TOP_SUSPECTS], *outvoted][:MAX_SUSPECTS]


def with_faults(noise: NoiseResult, found: Sequence[Finding], table: CheckedRows, task: Task) -> NoiseResult:
    """Return the ranking, in which an answer with a fault of its own is a certain doubt as well."""
    if task.kind == "classification":
        return noise
    at = {ident: row for row, ident in enumerate(table.ids)}
    rules = {
        at[ident]: str(each.evidence["rule"])
        for each in found
        if each.kind == "format" and each.evidence["rule"] in SPOILT
        for ident in each.example_ids
    }
    score_N = noise.score_N.copy()
    fields = list(noise.field_N or [None] * len(score_N))
    for row, rule in rules.items():
        if table.labels[row] is not None and row not in noise.certain:
            score_N[row] = CERTAIN + (1.0 - CERTAIN) * min(1.0, float(np.nan_to_num(score_N[row])))
            fields[row] = rule
    answered = frozenset(row for row in rules if table.labels[row] is not None)
    return replace(noise, score_N=score_N, field_N=tuple(fields), certain=noise.certain | answered)


def risk(
    table: CheckedRows, confidences: list[float | None], noise: NoiseResult,
    conflicts: Sequence[Contradiction], patterns: Sequence[Pattern],
) -> NDArray[np.float64]:  # fmt: skip
    """Return how likely each row is to be wrong, 0..1, by the worst that is known of it."""
    labelled = np.array([label is not None for label in table.labels], dtype=bool)
    risk_N = np.where(labelled, np.nan_to_num(noise.score_N, nan=_RISK_UNKNOWN), 0.0)
    doubt = np.array([0.0 if p is None else 1.0 - p for p in confidences])
    risk_N = np.maximum(risk_N, 0.8 * doubt * labelled)  # a teacher's own figure is seldom calibrated
    for conflict in conflicts:
        members = list(conflict.rows)
        risk_N[members] = np.maximum(risk_N[members], _RISK_EXACT if conflict.exact else _RISK_NEAR)
    for pattern in patterns:
        members = list(pattern.rows)
        risk_N[members] = np.maximum(risk_N[members], _RISK_PATTERN if pattern.value else _RISK_SHAPE)
    return np.asarray(np.clip(risk_N, 0.0, 1.0))


def scores(ids: Sequence[str], suspect_N: NDArray[np.float64], risk_N: NDArray[np.float64]) -> pl.DataFrame:
    """Return the columns example_id, kind and score of both scores."""
    known = np.isfinite(suspect_N)
    schema = {"example_id": pl.String, "kind": pl.String, "score": pl.Float64}
    parts = [
        pl.DataFrame({"example_id": [ids[row] for row in np.flatnonzero(known).tolist()], "kind": "suspect_label",
                      "score": suspect_N[known]}, schema=schema),
        pl.DataFrame({"example_id": list(ids), "kind": "risk", "score": risk_N}, schema=schema),
    ]  # fmt: skip
    return pl.concat(parts)
