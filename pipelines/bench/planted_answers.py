"""Part `answers` of the suite `curation`: wrong answers that are no classes, planted in real questions and ranked.

The questions of text2sql's advising set, each with the query that answers it, and with the same as JSON. One row in ten
is made wrong, half by a value of another row in the place of its own, half by the query (or the intent) of another row.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

from curator.errors import NotFoundError
from curator.label_errors import suspect_answers
from curator.records import TaskKind
from pipelines.bench.real_sets import encoded, folder_of

_FILE = "text2sql_geo_rest/raw/advising.json"
_SHARE, _ROWS = 0.1, 3000
LEAST = 0.8
"""Average precision over the answers with a value of another row."""


@dataclass(frozen=True, slots=True)
class RankedAnswers:
    """One kind of answer.

    Attributes:
        rows, wrong: How many there are, and were made wrong.
        average_precision: Over all that are wrong.
        of_values: Over those with a value of another row, beside the right ones.
    """

    rows: int
    wrong: int
    average_precision: float
    of_values: float


@dataclass(frozen=True, slots=True)
class AnswersBench:
    """How wrong answers that are no classes are ranked, by kind of task; `passed` by the least for values."""

    passed: bool
    kinds: Mapping[str, RankedAnswers]
    part_seconds: float = 0.0


def run(data: Path | None, keep: Path, *, quick: bool, seed: int) -> AnswersBench:
    """Average precision over all wrong answers, and over those with another row's value alone.

    Raises:
        NotFoundError: The set is not there.
    """
    questions, queries, values = _rows(data, 400 if quick else _ROWS, seed)
    vectors_ND = encoded(questions, keep)
    found: dict[str, RankedAnswers] = {}
    kinds: tuple[TaskKind, ...] = ("sql", "extraction")
    for kind in kinds:
        answers, wrong = _planted(kind, queries, values, random.Random(seed))
        score_N = np.nan_to_num(suspect_answers(vectors_ND, questions, answers, kind, seed).score_N)
        any_wrong = np.array([each is not None for each in wrong])
        beside = np.array([each != "query" for each in wrong])
        found[kind] = RankedAnswers(
            rows=len(answers),
            wrong=int(any_wrong.sum()),
            average_precision=float(average_precision_score(any_wrong, score_N)),
            of_values=float(average_precision_score(any_wrong[beside], score_N[beside])),
        )
    return AnswersBench(all(each.of_values >= LEAST for each in found.values()), found)


def lines(part: AnswersBench) -> list[str]:
    """The part for a person."""
    return [
        f"{kind}: {each.rows:,} rows, {each.wrong:,} wrong: average precision {each.average_precision:.3f}, "
        f"of another row's value {each.of_values:.3f}"
        for kind, each in part.kinds.items()
    ]


def _rows(data: Path | None, most: int, seed: int) -> tuple[list[str], list[str], list[dict[str, str]]]:
    file = folder_of(data) / _FILE
    if not file.is_file():
        msg = f"no file {file}: this bench measures on it; name its folder with --data or CURATOR_SHARED_DATA"
        raise NotFoundError(msg)
    made = []
    for entry in json.loads(file.read_text(encoding="utf-8")):
        for sentence in entry["sentences"]:
            text, query = sentence["text"], entry["sql"][0]
            filled: dict[str, str] = {}
            for variable in entry["variables"]:
                name = variable["name"]
                value = sentence["variables"].get(name) or variable["example"]
                filled |= {name: value} if name in text and name in query else {}
                text, query = text.replace(name, value), query.replace(name, value)
            if filled:
                made.append((text, query, filled))
    random.Random(seed).shuffle(made)
    made = made[:most]
    return [text for text, _, _ in made], [query for _, query, _ in made], [filled for _, _, filled in made]


def _planted(
    kind: str, queries: Sequence[str], values: Sequence[dict[str, str]], rng: random.Random
) -> tuple[list[str], list[str | None]]:
    shapes = [_shape(query, filled) for query, filled in zip(queries, values, strict=True)]
    wrong: list[str | None] = [None] * len(queries)
    answers: list[str] = []
    for row, (shape, filled) in enumerate(zip(shapes, values, strict=True)):
        own, said = dict(filled), shape
        if rng.random() < _SHARE:
            other = rng.randrange(len(shapes))
            if rng.random() < 0.5:
                name = rng.choice(list(own))
                strange = [each[name] for each in values if name in each and each[name] != own[name]]
                if strange:
                    own[name], wrong[row] = rng.choice(strange), "value"
            elif shapes[other] != shape:
                said, wrong[row] = shapes[other], "query"
                own = {name: own.get(name, value) for name, value in values[other].items()}
        answers.append(_written(kind, said, own))
    return answers, wrong


def _shape(query: str, filled: dict[str, str]) -> str:
    for name, value in filled.items():
        query = query.replace(value, "{" + name + "}")
    return query


def _written(kind: str, shape: str, values: dict[str, str]) -> str:
    if kind == "extraction":
        return json.dumps({"intent": shape[-60:], **values})
    for name, value in values.items():
        shape = shape.replace("{" + name + "}", value)
    return shape
