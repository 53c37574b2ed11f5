"""What a manifest says beside its rows: what left the others out, how far people agree, how rows were split."""

from collections import defaultdict
from dataclasses import dataclass

import polars as pl

from curator.errors import NotEnoughDataError
from curator.records import Split, digest
from curator.release import Filters, LabelledUnder, ReleasedRow, filters
from curator.review import AgreementFigures, agreement_figures, effective_decisions, ratings
from pipelines import splits as splitting
from pipelines.release.version_content import VersionChoice, VersionContent
from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.review import reviews
from storage.views import agreement as opinions


def filters_of(store: Store, choice: VersionChoice, content: VersionContent) -> Filters:
    """What left rows out, as of the choice's seq."""
    standing = effective_decisions(reviews.decisions(store, choice.dataset, as_of=choice.as_of_seq))
    return filters(content.left_out, sum(rows.height for rows in content.rows.values()), standing)


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """How a version's rows were split, as its manifest says it.

    Attributes:
        seed, test_share: What was asked for.
        detector, threshold: What makes two rows one group.
        components: Groups of rows that stay together.
        largest_component: Rows of the largest of them.
        straddling: Those whose given splits disagreed.
        validation_share: What was asked for.
        ledger_sha256: The hash over every row's split.
    """

    seed: int
    test_share: float
    detector: str
    threshold: float
    components: int
    largest_component: int
    straddling: int
    validation_share: float
    ledger_sha256: str


def agreement_of(store: Store, choice: VersionChoice) -> AgreementFigures | None:
    """How far people agreed as of the choice's seq; None where no two have answered about one row."""
    try:
        rated = ratings(opinions.ratings(store, choice.dataset, as_of=choice.as_of_seq))
        return agreement_figures(rated, seed=0)
    except NotEnoughDataError:
        return None


def labelled_under(store: Store, choice: VersionChoice, content: VersionContent) -> LabelledUnder:
    """Which definition of the task each row's label was given under; definitions that say right alike are one."""
    history = [v for v in datasets.history(store, choice.dataset) if v.seq <= choice.as_of_seq]
    right = {v.task.content_hash: v.task.says_right() for v in history}
    today = history[-1].task
    given = labels.frame(store, choice.dataset, labeler=choice.labeler, as_of=choice.as_of_seq)
    under = dict(given.filter(pl.col("sample") == 0).sort("seq").select("example_id", "task_hash").iter_rows())
    rows = pl.concat(each.select("example_id", "external_id", "basis") for each in content.rows.values())
    older: defaultdict[str, list[str]] = defaultdict(list)
    current = people = 0
    for example, name, basis in rows.iter_rows():
        if basis != "teacher" and choice.labels == "current":
            people += 1
        elif (task := under.get(example, today.content_hash)) in right and right[task] == today.says_right():
            current += 1
        else:
            older[task].append(name)
    return LabelledUnder(today.content_hash, current, {task: tuple(ids) for task, ids in sorted(older.items())}, people)


def released(content: VersionContent) -> dict[Split, list[ReleasedRow]]:
    """The rows of the version by split, in the order of its files."""
    columns = ("example_id", "external_id", "value")
    return {
        split: [ReleasedRow(*row) for row in rows.select(columns).iter_rows()] for split, rows in content.rows.items()
    }


def splits(choice: VersionChoice, content: VersionContent) -> SplitFacts:
    """How the rows were split."""
    return SplitFacts(
        seed=choice.seed,
        test_share=choice.test_share,
        detector=splitting.DETECTOR,
        threshold=splitting.NEAR_THRESHOLD,
        components=content.split.components,
        largest_component=content.split.largest,
        validation_share=choice.validation_share,
        straddling=content.split.straddling,
        ledger_sha256=digest(sorted(content.split.assignments.items())),
    )
