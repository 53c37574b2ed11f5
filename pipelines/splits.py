"""Freezing the splits: the one step that plan and release share. Assignments go to the ledger and stay."""

from collections.abc import Mapping, Sequence, Set

import polars as pl

from curator.duplicates import near_pairs, shared_templates, template_forms
from curator.errors import NotEnoughDataError
from curator.records import SPLITS, Split, Task, query_form
from curator.release import SplitResult, assign_splits
from curator.text import same_text, unspaced
from storage.dataset import datasets, examples
from storage.engine.store import Store

NEAR_THRESHOLD = 0.85
_LARGE = 0.1
"""Share of the rows above which a set of rows that belong together is told."""
DETECTOR = (
    "equal after NFKC, lower case, and without spaces between letters and punctuation that carries no meaning; or "
    "near-duplicate, found by MinHash over character 3-grams or by one differing word, with a verified similarity of "
    "at least "
    f"{NEAR_THRESHOLD}; in tasks of SQL also equal queries, literals included"
)


def freeze(
    store: Store,
    rows: pl.DataFrame,
    dataset: str,
    *,
    test_share: float,
    seed: int,
    validation_share: float = 0.0,
    need_test: bool = False,
    alike: "Alike | None" = None,
) -> SplitResult:
    """Assign the rows that have no split yet, at a stated detector and threshold, and keep it in the ledger.

    Args:
        store: The store.
        rows: Columns example_id, text, context, group, value, requested_split.
        dataset: The dataset.
        test_share: Share of the rows that test, where the data brings no splits of its own.
        seed: Of the draw.
        validation_share: Share of the rows that validate, likewise.
        alike: Keeps which rows are alike for whoever asks about the same rows again.
        need_test: Refuse, before anything is written, where no row would test: an assignment is for good.

    Raises:
        NotEnoughDataError: A test or validation split is asked for and there would be none; or none was frozen yet,
            and the rows' groups are so large that none could test.
    """
    ledger = examples.ledger(store, dataset)
    task = datasets.task_of(store, dataset)
    result = plan_splits(
        rows, task, ledger=ledger, test_share=test_share, seed=seed, validation_share=validation_share, alike=alike
    )
    if not ledger and test_share > 0 and "test" not in result.assignments.values():
        _refuse_few_groups(rows, task, test_share=test_share, seed=seed)
    if need_test and "test" not in result.assignments.values():
        way = "or give a --test-share above 0"
        if all(example in ledger for example in rows["example_id"]):
            way = f"since all {rows.height} rows were assigned before, where they stay"
        elif "validation" in result.assignments.values():
            way += ", or bring the validation rows in again with --split test"
        msg = f"there is no test split: ingest rows with --split test, {way}"
        raise NotEnoughDataError(msg)
    if validation_share > 0 and "validation" not in result.assignments.values():
        _refuse_no_validation(rows, ledger)
    shares = f"test share {test_share}" + (f", validation share {validation_share}" if validation_share else "")
    examples.assign_splits(store, dataset, result.assignments, f"seed {seed}, {shares}")
    return result


def notes(split: SplitResult) -> tuple[str, ...]:
    """What a person should know of a split, in sentences."""
    rows = len(split.assignments) + len(split.held_out)
    said = []
    if split.largest > max(_LARGE * rows, 1):
        said.append(
            f"{split.largest:,} of {rows:,} rows belong together by near-duplicate and source group, and are never "
            "divided: a set larger than the test split trains"
        )
    if split.divided:
        said.append(
            "templates were divided between train and what is held out: whole ones would have left too few rows to "
            "draw from; the release's gate `templates` says how many rows share one"
        )
    return tuple(said)


def _refuse_no_validation(rows: pl.DataFrame, ledger: Mapping[str, Split]) -> None:
    way = "its rows' groups are larger than that share: give a larger --validation, or ingest rows with --split"
    if all(example in ledger for example in rows["example_id"]):
        way = (
            f"all {rows.height:,} rows were assigned before, by the first plan or release, where they stay: ingest new "
            "rows with --split"
        )
    msg = f"there would be no validation split: {way} validation; or leave --validation out"
    raise NotEnoughDataError(msg)


def _refuse_few_groups(rows: pl.DataFrame, task: Task, *, test_share: float, seed: int) -> None:
    """Raise where it is the groups that leave no test rows: the rows without them would be drawn from."""
    sizes = rows.filter(pl.col("group").is_not_null()).group_by("group").len()["len"].sort(descending=True)
    alone = rows.with_columns(pl.lit(None, dtype=pl.String).alias("group"))
    if (
        sizes.is_empty()
        or "test" not in plan_splits(alone, task, ledger={}, test_share=test_share, seed=seed).assignments.values()
    ):
        return
    msg = (
        f"there would be no test rows: {len(sizes):,} groups hold {int(sizes.sum()):,} of {rows.height:,} rows, and a "
        f"group is never divided. Nothing was frozen. If the column is no group, make the dataset anew with `curator "
        "ingest --map group=`; else ingest test rows with --split test, give a --test-share that a group fits, or "
        "--test-share 0 to go without a test split for good"
    )
    raise NotEnoughDataError(msg)


def plan_splits(
    rows: pl.DataFrame,
    task: Task,
    *,
    ledger: Mapping[str, Split],
    test_share: float,
    seed: int,
    validation_share: float = 0.0,
    alike: "Alike | None" = None,
) -> SplitResult:
    """What `freeze` would assign, without writing."""
    queries = [query_of(task, value) for value in rows["value"].to_list()] if task.kind == "sql" else []
    asked = rows.select("example_id", "requested_split").filter(pl.col("requested_split").is_in(SPLITS))
    requested: dict[str, Split] = dict(asked.iter_rows())
    given = {*requested.values(), *ledger.values()}
    return assign_splits(
        rows.select("example_id", "group", pl.col("value").alias("label")),
        near_groups=(alike or Alike()).groups(rows.select("example_id", "text", "context"), queries),
        test_share=0.0 if "test" in given else test_share,
        seed=seed,
        ledger=ledger,
        requested=requested,
        validation_share=0.0 if "validation" in given else validation_share,
        templates=_templates(rows, ledger.keys() | requested.keys()),
    )


class Alike:
    """Which rows say the same, found once while the same rows are asked about: a release asks twice."""

    def __init__(self) -> None:
        self._asked: tuple[pl.DataFrame, list[str | None]] | None = None
        self._groups: dict[str, str] = {}

    def groups(self, rows: pl.DataFrame, queries: list[str | None]) -> dict[str, str]:
        """As `same_text_groups`, of rows with the columns example_id, text and context."""
        if self._asked is None or not (self._asked[0].equals(rows) and self._asked[1] == queries):
            self._asked = rows, queries
            self._groups = same_text_groups(*(rows[name].to_list() for name in rows.columns), queries=queries)
        return self._groups


def _templates(rows: pl.DataFrame, known: Set[str]) -> dict[str, str]:
    """Example id -> template, where a row is still to be placed: a context is never crossed."""
    if set(rows["example_id"]) <= known:
        return {}
    forms = shared_templates(template_forms(rows["text"].to_list()))
    return {
        example: f"{form}\x1f{context or ''}"
        for example, form, context in zip(rows["example_id"], forms, rows["context"], strict=True)
        if form is not None
    }


def same_text_form(text: str) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Two texts with the same form never straddle a split: the unspaced text, and the signs that carry meaning."""
    return unspaced(text), same_text(text).beside


def query_of(task: Task, value: str | None) -> str | None:
    """The form of a row's query, literals included: rows that share it never straddle a split; None for other tasks."""
    return query_form(value, task.dialect) if value and task.kind == "sql" else None


def same_text_groups(
    example_ids: list[str], texts: list[str], contexts: list[str | None], *, queries: Sequence[str | None] = ()
) -> dict[str, str]:
    """Example id -> the id of the group of exact and near duplicates that it belongs to; a context is never crossed.

    Rows of one query are one group, whatever their questions.
    """
    found: dict[str, str] = {}
    parent = list(range(len(texts)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    # All verified pairs are joined, also across the groups that a person is shown: a leak has no representative.
    first: dict[tuple[tuple[str, tuple[tuple[str, ...], ...]], str | None], int] = {}
    for row, (text, context) in enumerate(zip(texts, contexts, strict=True)):
        parent[root(row)] = root(first.setdefault((same_text_form(text), context), row))
    asked: dict[str, int] = {}
    for row, query in enumerate(queries):
        if query is not None:
            parent[root(row)] = root(asked.setdefault(query, row))
    pairs = near_pairs(texts, contexts=contexts)
    close = pairs.score_P >= NEAR_THRESHOLD
    for left, right in zip(pairs.left_P[close].tolist(), pairs.right_P[close].tolist(), strict=True):
        parent[root(right)] = root(left)
    for row, example in enumerate(example_ids):
        if root(row) != row:
            found[example] = found[example_ids[root(row)]] = example_ids[root(row)]
    return found
