"""Class probabilities that another model gave, by row: checked as they come in, and one opinion beside our own."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from curator.errors import DataError
from curator.label_errors.models import Model, calibrated

_OUTSIDE = "outside probabilities"
_ID_COLUMNS = ("example_id", "external_id", "id")
"""What the column that names the row may be called; `id` is the row's own id."""
_TOLERANCE = 0.01
"""By how much a row's probabilities may miss a sum of 1; half a unit of the third decimal for each class, if more."""
_SAME_AS_GIVEN = 0.995  # share of rows whose likeliest class is their label: a model repeats what it was taught
_MOST = 0.5  # share of the pool that an opinion from outside has at most, beside our own
_NAMED = 5


@dataclass(frozen=True, slots=True)
class OutsideProbabilities:
    """What another model says of each row.

    Attributes:
        classes: The C labels that it tells apart.
        probability_NC: Its probabilities, each row's sum 1; NaN in a row that it says nothing of.
        notes: What was left out or is missing, in words.
    """

    classes: tuple[str, ...]
    probability_NC: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    def likely(self, row: int, label: str) -> tuple[float, str, float] | None:
        """The probability of `label`, the likeliest class, and its probability; None where nothing is said."""
        said_C = self.probability_NC[row]
        if not np.isfinite(said_C).all() or label not in self.classes:
            return None
        best = int(said_C.argmax())
        return float(said_C[self.classes.index(label)]), self.classes[best], float(said_C[best])


def outside_probabilities(
    records: Iterable[tuple[int, Mapping[str, object]]],
    ids: Sequence[tuple[str, str]],
    labels: Collection[str],
    *,
    left_out: Collection[str] = (),
) -> OutsideProbabilities:
    """Read class probabilities by row.

    Args:
        records: Line and cells of each row of a file: an id (`_ID_COLUMNS`) and a number for each class.
        ids: The example id and the row's own id of each of the N rows, in their order.
        labels: The classes there are; other columns are not read.
        left_out: Ids that are known, though not among the rows.

    Raises:
        DataError: There is no column of ids or of a class, a row is there twice, or its numbers are no probabilities.
    """
    place = {own: row for row, (_, own) in enumerate(ids)} | {ident: row for row, (ident, _) in enumerate(ids)}
    told: dict[int, tuple[int, dict[str, float]]] = {}
    strangers: list[str] = []
    outside = 0
    columns: dict[str, None] = {}
    partly = 0
    for line, record in records:
        columns |= dict.fromkeys(record)
        name = _id_column(columns, labels)
        ident = _id_text(record.get(name))
        given = {label: _number(value, ident, line, label) for label, value in record.items() if label in labels}
        said = {label: value for label, value in given.items() if value is not None}
        _check_sum(said, ident, line, len(labels), columns)
        partly += len(said) < sum(label in labels for label in columns)
        if ident not in place:
            outside += ident in left_out
            strangers += [] if ident in left_out else [ident]
        elif place[ident] in told:
            msg = f"line {line}: row {ident!r} stands in line {told[place[ident]][0]} already; give each row once"
            raise DataError(msg)
        else:
            told[place[ident]] = line, said
    classes = tuple(label for label in columns if label in labels)
    if not told:
        named = ", ".join(strangers[:_NAMED])
        msg = f"no line names a row of the dataset by example_id or external_id (the file has {named or 'no rows'})"
        raise DataError(msg)
    probability_NC = np.full((len(ids), len(classes)), np.nan)
    for row, (_, said) in told.items():
        values_C = np.array([said.get(label, 0.0) for label in classes])
        probability_NC[row] = values_C / values_C.sum()
    missing = [ids[row][1] for row in range(len(ids)) if row not in told]
    unread = [column for column in columns if column not in labels and column not in _ID_COLUMNS]
    notes = [
        f"probabilities: {len(told):,} of {len(ids):,} rows have them, for {len(classes)} classes",
        _told(missing, "rows have none and are ranked without"),
        _told(strangers, "ids of the file are no rows of this dataset"),
        f"probabilities: {outside:,} rows of the file are left out of the dataset" if outside else "",
        _told(sorted(set(labels) - set(classes)), "labels have no column: rows that have them are ranked without"),
        _told(unread, "columns are no labels and were not read"),
        f"probabilities: {partly:,} rows name only some classes; the others count as 0" if partly else "",
    ]
    return OutsideProbabilities(classes, probability_NC, tuple(note for note in notes if note))


def _told(names: Sequence[str], what: str) -> str:
    more = " …" if len(names) > _NAMED else ""
    return f"probabilities: {len(names):,} {what} ({', '.join(names[:_NAMED])}{more})" if names else ""


def _id_column(columns: Collection[str], labels: Collection[str]) -> str:
    found = [name for name in _ID_COLUMNS if name in columns and name not in labels]
    if not found or not any(name in labels for name in columns):
        what = "a class of the task" if found else "the row (example_id or external_id)"
        wanted = f"; its labels are {', '.join(sorted(labels)[:10])}" if found else ""
        msg = f"no column names {what}; the columns are {', '.join(list(columns)[:10])}{wanted}"
        raise DataError(msg)
    return found[0]


def _id_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def _number(value: object, ident: str, line: int, label: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        number = math.nan
    if not -1e-6 <= number <= 1.0 + 1e-6:
        msg = f"line {line}, row {ident!r}: {value!r} for {label!r} is no probability; expected a number in 0..1"
        raise DataError(msg)
    return min(1.0, max(0.0, number))


def _check_sum(said: Mapping[str, float], ident: str, line: int, labels: int, columns: Collection[str]) -> None:
    total = sum(said.values())
    if abs(total - 1.0) > max(_TOLERANCE, 0.0005 * labels):
        unread = [column for column in columns if column not in said and column not in _ID_COLUMNS][:_NAMED]
        beside = f" (columns that are no labels and were not counted: {', '.join(unread)})" if unread else ""
        msg = f"line {line}, row {ident!r}: the probabilities sum to {total:.4g}; expected 1{beside}"
        raise DataError(msg)


def outside_model(
    outside: OutsideProbabilities, y_R: NDArray[np.int64], rows: NDArray[np.int64], kept: Sequence[str]
) -> list[Model]:
    """Return the probabilities as an opinion [R, C] about `rows` labelled `kept[y_R]`; none if nothing is said.

    Of a row whose own label has no column nothing is said: a class that a model was not asked for is not unlikely.
    """
    said_RC = np.zeros((len(rows), len(kept)))
    asked_C = np.array([label in outside.classes for label in kept], dtype=bool)
    for place in np.flatnonzero(asked_C).tolist():
        said_RC[:, place] = outside.probability_NC[rows, outside.classes.index(kept[place])]
    mass_R = said_RC.sum(axis=1)
    known_R = np.isfinite(mass_R) & (mass_R > 0.0) & asked_C[y_R]
    if not known_R.any():
        return []
    said_RC[known_R] /= mass_R[known_R, None]
    said_RC[~known_R] = np.nan
    return [Model(_OUTSIDE, 1.0, partial(_as_given, said_RC), most=_MOST)]


def _as_given(
    said_RC: NDArray[np.float64], y_R: NDArray[np.int64], _weight_R: NDArray[np.float64], _classes: int
) -> NDArray[np.float64]:
    known_R = np.isfinite(said_RC).all(axis=1)
    brought_RC = said_RC.copy()
    brought_RC[known_R] = calibrated(np.log(said_RC[known_R] + 1e-9), y_R[known_R])
    return brought_RC


def agreement_note(outside: OutsideProbabilities, labels: Sequence[str | None]) -> str:
    """Say in how many rows the likeliest class is the given label, and what it means where that is nearly all."""
    known = np.flatnonzero(np.isfinite(outside.probability_NC).all(axis=1))
    given = [row for row in known.tolist() if labels[row] is not None]
    if not given:
        return "probabilities: no row that has them has a label"
    same = sum(outside.classes[int(outside.probability_NC[row].argmax())] == labels[row] for row in given)
    note = f"probabilities: their likeliest class is the given label in {same:,} of {len(given):,} rows"
    if same >= _SAME_AS_GIVEN * len(given):
        note += "; a model that was trained on these rows repeats their labels: give what it says of rows held out"
    return note
