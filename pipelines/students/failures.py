"""What a student got wrong, all of it: as a file, as rows to review, as pairs, and as what to collect next.

A test row never becomes training data. What goes to review or to pairs are the train rows nearest to the failures:
where the student is wrong, the labels that taught it are looked at, and its own wrong answers to them are rejected.
"""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

from curator.errors import NotEnoughDataError, RequestError
from curator.evaluation import EvalReport, WrongAnswer
from curator.records import in_train
from pipelines.students.baseline import EncoderName
from pipelines.students.items import TestItems, slice_columns
from storage.dataset import vectors
from storage.engine.store import Store
from storage.views import current as views

_FORMATS = (".jsonl", ".csv")


@dataclass(frozen=True, slots=True)
class ToCollect:
    """A part of the data to collect more rows of.

    Attributes:
        column: What its rows share.
        value: Which value of it.
        test_rows: Test rows there.
        wrong: Those that the student got wrong.
        train_rows: Releasable train rows there, by label; None for other columns.
        surely_weak: Whether it is surely worse than elsewhere (Holm).
        like: Up to three failures, as examples of what to look for.
    """

    column: str
    value: str
    test_rows: int
    wrong: int
    train_rows: int | None
    surely_weak: bool
    like: tuple[str, ...]


def write(path: Path, found: Sequence[WrongAnswer]) -> int:
    """Write the failures as JSON lines, or as a CSV; returns how many.

    Raises:
        RequestError: Another ending, or the folder is missing.
    """
    check_place(path)
    rows = [asdict(each) for each in found]
    with path.open("w", encoding="utf-8", newline="") as handle:
        if path.suffix == ".jsonl":
            handle.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            table = csv.DictWriter(handle, ["example_id", "external_id", "text", "truth", "answer"])
            table.writeheader()
            table.writerows(rows)
    return len(rows)


def train_rows_near(
    store: Store, dataset: str, failures: Sequence[str], encoder: EncoderName, *, each: int
) -> tuple[str, ...]:
    """The train rows most like the failures, the nearest first, each once.

    Args:
        store: The store.
        dataset: Whose rows.
        failures: Example ids of test rows that were answered wrong.
        encoder: Whose vectors are compared.
        each: Train rows for each failure, at least 1.

    Raises:
        RequestError: `each` below 1.
        NotEnoughDataError: No failures, no train rows, or rows without vectors.
    """
    if each < 1:
        msg = f"--near is {each}, expected at least 1"
        raise RequestError(msg)
    rows = views.current(store, dataset)
    train = rows.filter(pl.col("out").is_null() & in_train() & pl.col("value").is_not_null())
    wrong = rows.filter(pl.col("example_id").is_in(list(failures)))
    if wrong.is_empty() or train.is_empty():
        msg = f"{wrong.height} failures and {train.height} train rows: there is nothing to look for"
        raise NotEnoughDataError(msg)
    hashes = [*train["content_hash"], *wrong["content_hash"]]
    both_ND = vectors.load(store, encoder.name, encoder.revision, hashes)
    alike_FT = both_ND[train.height :] @ both_ND[: train.height].T
    order_FK = np.argsort(-alike_FT, axis=1, kind="stable")[:, :each]
    best: dict[int, float] = {}
    for failure, places in enumerate(order_FK):
        for place in places:
            best[int(place)] = max(best.get(int(place), -1.0), float(alike_FT[failure, place]))
    ids = train["example_id"].to_list()
    return tuple(ids[place] for place in sorted(best, key=lambda place: (-best[place], place)))


def to_collect(
    store: Store, dataset: str, report: EvalReport, items: TestItems, failures: Sequence[WrongAnswer]
) -> tuple[ToCollect, ...]:
    """Parts of the data with failures, the surely weak ones first, then by the share that was wrong.

    Args:
        store: The store.
        dataset: Whose rows.
        report: The evaluation.
        items: The test rows.
        failures: All rows that the subject got wrong.
    """
    wrong = {each.example_id: each.text for each in failures}
    columns, ids = slice_columns(store, dataset, items), items.rows["example_id"].to_list()
    current = views.current(store, dataset).filter(pl.col("out").is_null() & in_train())
    labels = Counter(current["value"].to_list()) if items.task.kind == "classification" else None
    made = []
    for each in report.slices:
        values = columns.get(each.column)
        if values is None:
            continue
        inside = [ident for ident, value in zip(ids, values, strict=True) if value == each.value and ident in wrong]
        if inside:
            like = tuple(wrong[ident][:200] for ident in inside[:3])
            known = labels[each.value] if labels is not None and each.column == "label" else None
            weak = each.weak or each.collapsed
            made.append(ToCollect(each.column, each.value, each.n, len(inside), known, weak, like))
    return tuple(sorted(made, key=lambda c: (not c.surely_weak, -c.wrong / c.test_rows, -c.wrong)))


def check_place(path: Path) -> None:
    """See that failures can be written there, before anything is asked or paid.

    Raises:
        RequestError: Another ending, or the folder is missing.
    """
    if path.suffix not in _FORMATS:
        msg = f"{path.name}: failures are written as {' or '.join(_FORMATS)}"
        raise RequestError(msg)
    if not path.absolute().parent.is_dir():
        msg = f"{path.parent}: no such folder"
        raise RequestError(msg)
