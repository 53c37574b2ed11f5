"""Suspect answers that are no classes: JSON by field, SQL by form and literals, free text by its neighbours.

An answer is taken apart in *fields*. A field whose values repeat is a label like any other and is ranked as one.
A field whose values are copied from the input is doubted where this value does not stand there. Any other text
is doubted where it is unlike the answers to the inputs nearest to its own, and unlike its own input, as far as
answers of this set are usually alike. A row is as suspect as its most suspect field.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from curator.label_errors.calibration import one_scale
from curator.label_errors.models import Views, gram_matrix, main_axes, nearest, views
from curator.label_errors.ranking import MIN_CLASS, NoiseResult, believed, pooled, unranked
from curator.records import TaskKind, canonical_json, literals_of
from curator.statistics import unit_rows
from curator.text import normalise, numbers_in

MIN_ANSWERS = 20
"""With fewer answers there is nothing usual to hold one against."""
MAX_FIELDS = 40
"""Fields ranked as labels; the most frequent ones."""
_REPEATS = 0.5  # a field is a label where this share of its rows have a value that MIN_CLASS rows share
_MAX_VALUES = 400
_COPIED = 0.8  # a field is copied where this share of its values stand in the input
FIELDS_GIVEN = "which fields there are"
_EMPTY = ("", "null", "[]")  # a field that says nothing is not there
_LITERAL = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\b\d+(?:\.\d+)?\b")
_USUAL = 0.02  # of the literals held against a column
_ALWAYS = ("0", "1", "%", "")  # literals that no question needs to name
_ABSENT_SCORE = 0.9  # a value that is not in its input, where nearly all are
_LIKE = 0.2  # usual likeness below which being alike means nothing


@dataclass(frozen=True, slots=True)
class _Doubt:
    """What one field says: a score for each row (NaN where it cannot say), and the value it would expect."""

    field: str
    score_N: NDArray[np.float64]
    own_N: NDArray[np.float64]
    other_N: NDArray[np.float64]
    expected: tuple[str | None, ...]
    certain: bool = False
    """Whether a score above 0.5 is a fact: a copied value that is not in its input."""


def suspect_answers(
    vectors_ND: NDArray[np.float32] | None,
    texts: Sequence[str],
    answers: Sequence[str | None],
    kind: TaskKind,
    seed: int,
) -> NoiseResult:
    """Score every answer by how little the other rows and its own input support it.

    Args:
        vectors_ND: Unit-length embeddings of the inputs, or None.
        texts: The inputs.
        answers: The answer of each row, or None: JSON for extraction, a query for sql, any text for text.
        kind: Kind of the task, not classification.
        seed: Seed of the folds.

    Returns:
        A score in 0..1 for each answered row, higher is worse; `field_N` names the doubted field, and
        `best_other_N` the whole answer with the expected value in its place, where the field's values repeat.
    """
    rows = [row for row, answer in enumerate(answers) if answer is not None]
    if len(rows) < MIN_ANSWERS:
        return unranked(len(answers), [f"suspect_label: {len(rows)} answers; ranking them needs {MIN_ANSWERS}"])
    given = [str(answers[row]) for row in rows]
    inputs = [texts[row] for row in rows]
    seen_RD = None if vectors_ND is None else unit_rows(vectors_ND[rows])
    parsed = [_fields(answer, kind) for answer in given]
    notes: list[str] = []
    doubts = _doubts(seen_RD, inputs, parsed, seed, notes) if kind != "text" else []
    if kind == "sql":
        doubts += _literals(inputs, given, [fields["query"] for fields in parsed]) + _not_asked(inputs, given)
    if not doubts:
        doubts = [_unlike(seen_RD, inputs, given, "answer", seed)]
        if seen_RD is None:
            notes.append("suspect_label: no vectors; the nearest inputs were sought by character n-grams")
    return _merged(doubts, rows, given, kind, len(answers), notes)


def _fields(answer: str, kind: TaskKind) -> dict[str, str]:
    if kind == "sql":
        return {"query": " ".join(_LITERAL.sub("?", answer).lower().replace(";", " ").split())}
    if kind == "extraction":
        try:
            found = dict(_leaves(json.loads(answer), ""))
        except ValueError:
            return {FIELDS_GIVEN: "not JSON"}
        filled = sorted(name for name, value in found.items() if value not in _EMPTY)
        return {FIELDS_GIVEN: ", ".join(filled) or "none"} | found
    return {}


def _leaves(value: object, path: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list):
        return [(path, canonical_json(value).decode())]
    return [(path, value if isinstance(value, str) else json.dumps(value))]


def _doubts(
    vectors_RD: NDArray[np.float32] | None, inputs: Sequence[str], parsed: Sequence[Mapping[str, str]], seed: int,
    notes: list[str],
) -> list[_Doubt]:  # fmt: skip
    frequent = Counter(name for fields in parsed for name in fields)
    names = [name for name, rows in frequent.most_common(MAX_FIELDS) if rows >= MIN_ANSWERS]
    rest = len(frequent) - len(names)
    if rest:
        notes.append(f"suspect_label: {rest} of {len(frequent)} fields stand in fewer than "
                     f"{MIN_ANSWERS} answers, or are not among the {MAX_FIELDS} most frequent; not ranked")  # fmt: skip
    plain = [normalise(text) for text in inputs]
    doubts: list[_Doubt] = []
    seen: Views | None = None
    for name in names:
        values = [fields.get(name) for fields in parsed]
        elements, copied = _elements(values), _copied(name, plain, values)
        if elements is not None:
            seen = seen or views(vectors_RD, inputs, seed)
            doubts.append(_by_element(seen, elements, name, seed))
        elif copied is not None:
            doubts.append(copied)
        elif _is_label(values):
            seen = seen or views(vectors_RD, inputs, seed)
            found = _as_label(seen, values, name, seed)
            doubts += [found] if found is not None else []
        else:
            doubts.append(_unlike(vectors_RD, inputs, values, name, seed))
    return doubts


def _copied(name: str, plain: Sequence[str], values: Sequence[str | None]) -> _Doubt | None:
    """Doubt values that are not in their input, where nearly all are and the input decides which."""
    size = len(values)
    rows = [row for row, value in enumerate(values) if value and len(normalise(value)) > 1]
    if len(rows) < MIN_ANSWERS:
        return None
    found = [normalise(str(values[row])) for row in rows]
    whole = np.array([f" {value} " in f" {plain[row]} " for value, row in zip(found, rows, strict=True)])
    part = np.array([value in plain[row] for value, row in zip(found, rows, strict=True)])
    there = whole if whole.mean() >= _COPIED else part  # a value cut off within a word, where words are spaced
    elsewhere = np.array([value in plain[(row + size // 2) % size] for value, row in zip(found, rows, strict=True)])
    if there.mean() < _COPIED or there.mean() - elsewhere.mean() < 0.5:
        return None
    score_N = np.full(size, np.nan)
    score_N[rows] = np.where(there, 1.0 - there.mean(), _ABSENT_SCORE)
    return _Doubt(name, score_N, 1.0 - score_N, np.full(size, np.nan), (None,) * size, certain=True)


def _literals(inputs: Sequence[str], queries: Sequence[str], forms: Sequence[str]) -> list[_Doubt]:
    """Doubt literals of queries of one form: not in the question where they usually are, or not the usual one."""
    rows_by_form: dict[str, list[int]] = {}
    for row, form in enumerate(forms):
        rows_by_form.setdefault(form, []).append(row)
    score_N, plain = np.full(len(queries), np.nan), [normalise(text) for text in inputs]
    for rows in rows_by_form.values():
        if len(rows) < MIN_CLASS:
            continue
        for literals in zip(*(_LITERAL.findall(queries[row]) for row in rows), strict=True):
            there = np.array([normalise(text) in plain[row] for text, row in zip(literals, rows, strict=True)])
            usual, count = Counter(literals).most_common(1)[0]
            same = np.array([text == usual for text in literals])
            share = count / len(rows)
            fits = there if there.mean() >= _COPIED and there.mean() > share else same if share >= _COPIED else None
            if fits is not None:
                found_R = np.where(fits, 1.0 - fits.mean(), _ABSENT_SCORE)
                score_N[rows] = np.fmax(score_N[rows], found_R)
    if np.isnan(score_N).all():
        return []
    return [_Doubt("literal", score_N, 1.0 - score_N, np.full(len(queries), np.nan), (None,) * len(queries))]


def _not_asked(inputs: Sequence[str], queries: Sequence[str]) -> list[_Doubt]:
    """Doubt queries with a literal that is not in the question, by column, where nearly all are.

    A value that several queries hold against a column without being asked for ("Fall") is a rule of the set, and as
    good as asked for.
    """
    size = len(queries)
    found: dict[str, list[tuple[int, str, bool]]] = {}
    for row, (text, query) in enumerate(zip(inputs, queries, strict=True)):
        for each in literals_of(query):
            if each.value not in _ALWAYS:
                asked = _asked(each.value, text, each.is_text)
                found.setdefault(each.column, []).append((row, each.value, asked))
    score_N = np.full(size, np.nan)
    for literals in found.values():
        unasked = Counter(value for _, value, asked in literals if not asked)
        usual = {value for value, count in unasked.items() if count >= max(MIN_CLASS, _USUAL * len(literals))}
        fits = [asked or value in usual for _, value, asked in literals]
        there = sum(fits) / len(fits)
        if len(literals) < MIN_ANSWERS or there < _COPIED:
            continue
        for (row, _, _), fit in zip(literals, fits, strict=True):
            score_N[row] = np.fmax(score_N[row], 1.0 - there if fit else _ABSENT_SCORE)
    if np.isnan(score_N).all():
        return []
    return [_Doubt("literal", score_N, 1.0 - score_N, np.full(size, np.nan), (None,) * size, certain=True)]


def _asked(value: str, text: str, is_text: bool) -> bool:
    if not is_text:
        return value in numbers_in(text) or value in text
    plain = normalise(value)
    return not plain or plain in normalise(text) or plain.replace(" ", "") in normalise(text).replace(" ", "")


def _is_label(values: Sequence[str | None]) -> bool:
    counts = Counter(value for value in values if value is not None)
    shared = {value: rows for value, rows in counts.items() if rows >= MIN_CLASS}
    return 0 < len(shared) <= _MAX_VALUES and sum(shared.values()) >= _REPEATS * sum(counts.values())


def _elements(values: Sequence[str | None]) -> list[frozenset[str] | None] | None:
    """The elements of a field's lists, None in a row without it; None where this is no field of repeating elements."""
    lists = [None if value is None else _scalars(value) for value in values]
    if any(value is not None and each is None for value, each in zip(values, lists, strict=True)):
        return None
    counts = Counter(element for each in lists for element in each or ())
    common = sum(rows for rows in counts.values() if rows >= MIN_CLASS)
    several = sum(len(each) > 1 for each in lists if each is not None)
    shared = sum(rows >= MIN_CLASS for rows in counts.values())
    if several < MIN_CLASS or shared < 2 or common < _REPEATS * counts.total():
        return None
    return lists


def _scalars(value: str) -> frozenset[str] | None:
    """The elements of a list that is written as JSON, None where it is none or has elements with parts."""
    try:
        body = json.loads(value) if value.startswith("[") else None
    except ValueError:
        return None
    if not isinstance(body, list) or any(isinstance(element, dict | list) for element in body):
        return None
    return frozenset(element if isinstance(element, str) else json.dumps(element) for element in body)


def _by_element(seen: Views, lists: Sequence[frozenset[str] | None], name: str, seed: int) -> _Doubt:
    """Rank a field of lists by whether each element belongs, as if each were a question of its own.

    A row is as doubtful as its most doubtful element, and somewhat more by the next one: a label that was taken for
    another leaves one element too many and one too few. On three planted sets this ranked best in the mean.
    """
    counts = Counter(element for each in lists for element in each or ())
    kept = [element for element, rows in counts.most_common(MAX_FIELDS) if rows >= MIN_CLASS]
    rows = [row for row, each in enumerate(lists) if each is not None]
    doubted = [_as_label(seen, [None if each is None else json.dumps(element in each) for each in lists], name, seed)
               for element in kept]  # fmt: skip
    right_ER = np.stack([1.0 - np.clip(found.score_N[rows], 0.0, 1.0) for found in doubted if found is not None])
    right_ER.partition(1, axis=0)
    score_N = np.full(len(lists), np.nan)
    score_N[rows] = 1.0 - right_ER[0] * np.sqrt(right_ER[1])
    return _Doubt(name, score_N, 1.0 - score_N, np.full(len(lists), np.nan), (None,) * len(lists))


def _as_label(seen: Views, values: Sequence[str | None], name: str, seed: int) -> _Doubt | None:
    """Rank a field's values as labels; a rare value is doubted as far as a common one is foretold."""
    counts = Counter(values)
    kept = [value for value, rows in counts.most_common() if rows >= MIN_CLASS]
    code = {value: place for place, value in enumerate(kept)}
    y_R = np.array([code.get(value, len(kept)) for value in values], dtype=np.int64)
    classes = len(kept) + int(len(kept) < len(counts))
    if len(kept) == 1 and classes == 2:
        share = counts[kept[0]] / len(values)
        score_R = np.where(y_R == 0, 1.0 - share, share)
        return _Doubt(name, score_R, 1.0 - score_R, np.where(y_R == 0, 0.0, share), (kept[0],) * len(values))
    if len(kept) < 2:
        return None
    pooled_RC = pooled(seen, y_R, classes, seed, fast=True)
    if pooled_RC is None:
        return None
    belief_RC = believed(pooled_RC, y_R)
    every, common_R = np.arange(len(y_R)), y_R < len(kept)
    others_RC = belief_RC[:, : len(kept)].copy()
    others_RC[every[common_R], y_R[common_R]] = -1.0
    best_R = others_RC.argmax(axis=1)
    score_R = np.where(common_R, 1.0 - belief_RC[every, y_R], pooled_RC[every, best_R])
    return _Doubt(name, score_R, pooled_RC[every, y_R], pooled_RC[every, best_R], tuple(kept[best] for best in best_R))


def _unlike(
    vectors_RD: NDArray[np.float32] | None, inputs: Sequence[str], answers: Sequence[str | None], name: str, seed: int
) -> _Doubt:
    """Doubt answers that are unlike their nearest inputs' answers and their own input, as far as that is usual."""
    size = len(answers)
    rows = np.array([row for row, answer in enumerate(answers) if answer is not None], dtype=np.int64)
    nan_N = np.full(size, np.nan)
    nothing = _Doubt(name, nan_N, nan_N, nan_N, (None,) * size)
    try:
        both_MV = gram_matrix([*(inputs[row] for row in rows), *(str(answers[row]) for row in rows)])
    except ValueError:  # no text has a character to count
        return nothing
    if len(rows) < MIN_ANSWERS or min(both_MV.shape) <= 3:
        return nothing
    input_RV, answer_RV = both_MV[: len(rows)], both_MV[len(rows) :]
    seen_RD = vectors_RD[rows] if vectors_RD is not None else main_axes(input_RV, seed)
    near = nearest(seen_RD)
    like_RK = np.stack([_cosine(answer_RV, answer_RV[near.row_NK[:, k]]) for k in range(near.row_NK.shape[1])], axis=1)
    expected_R = _usual(near.cosine_NK.mean(axis=1), like_RK.mean(axis=1))
    score_R = _shortfall(like_RK.mean(axis=1), expected_R)
    own_R, other_R = _cosine(answer_RV, input_RV), _cosine(answer_RV, input_RV[np.roll(np.arange(len(rows)), 1)])
    if float(np.mean(own_R > other_R)) >= _COPIED:  # answers speak of their input: so must this one
        score_R = np.maximum(score_R, _shortfall(own_R, np.full(len(rows), np.median(own_R))))
    score_N, usual_N = nan_N.copy(), nan_N.copy()
    score_N[rows], usual_N[rows] = score_R, 1.0 - score_R
    return _Doubt(name, score_N, usual_N, nan_N, (None,) * size)


def _cosine(left_RV: "scipy.sparse.csr_matrix", right_RV: "scipy.sparse.csr_matrix") -> NDArray[np.float64]:
    return np.asarray(left_RV.multiply(right_RV).sum(axis=1), dtype=np.float64).ravel()


def _usual(close_R: NDArray[np.float64], like_R: NDArray[np.float64]) -> NDArray[np.float64]:
    """How alike answers usually are whose inputs are so close."""
    from sklearn.isotonic import IsotonicRegression

    return np.asarray(IsotonicRegression(out_of_bounds="clip").fit(close_R, like_R).predict(close_R))


def _shortfall(like_R: NDArray[np.float64], usual_R: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.clip((usual_R - like_R) / np.maximum(usual_R, _LIKE), 0.0, 1.0))


def _merged(
    doubts: Sequence[_Doubt], rows: Sequence[int], given: Sequence[str], kind: TaskKind, size: int, notes: list[str]
) -> NoiseResult:
    """Each row by its most suspect field, a fact before any guess."""
    score_FR = np.stack([np.where(np.isnan(doubt.score_N), -1.0, doubt.score_N) for doubt in doubts])
    facts = [doubt.certain for doubt in doubts]
    fact_FR: NDArray[np.bool_] = (score_FR > 0.5) & np.asarray(facts, dtype=np.bool_)[:, None]
    guess_R = np.where(fact_FR, -1.0, score_FR).max(axis=0)
    certain_R: NDArray[np.bool_] = np.asarray(fact_FR.any(axis=0), dtype=np.bool_)
    worst_R = np.where(certain_R, fact_FR.argmax(axis=0), score_FR.argmax(axis=0))
    scale_R = one_scale(np.where(guess_R < 0.0, np.nan, guess_R), certain_R)
    result = unranked(size, notes)
    fields: list[str | None] = [None] * size
    expected: list[str | None] = [None] * size
    for place, (row, worst) in enumerate(zip(rows, worst_R.tolist(), strict=True)):
        doubt = doubts[worst]
        if score_FR[worst, place] < 0.0:
            continue
        fields[row], expected[row] = doubt.field, _with(given[place], doubt.field, doubt.expected[place], kind)
        result.score_N[row] = scale_R[place]
        result.self_N[row], result.other_N[row] = doubt.own_N[place], np.nan_to_num(doubt.other_N[place])
    certain = frozenset(row for place, row in enumerate(rows) if certain_R[place])
    return NoiseResult(
        result.score_N, result.self_N, tuple(expected), result.other_N, result.notes, tuple(fields), certain
    )


def _with(answer: str, field: str, value: str | None, kind: TaskKind) -> str | None:
    """The answer with another value in one field, where that makes a whole answer: JSON whose path is there."""
    if kind != "extraction" or value is None or field == FIELDS_GIVEN:
        return None
    try:
        body = json.loads(answer)
    except ValueError:
        return None
    *path, last = field.split(".")
    inner = body
    for key in path:
        inner = inner.get(key) if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or last not in inner:
        return None
    inner[last] = value if isinstance(inner[last], str) else json.loads(value)
    return canonical_json(body).decode()
