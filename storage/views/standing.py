"""How far a dataset is, in counts: what is cheap to read at every page."""

from dataclasses import dataclass

from storage.engine.store import Store


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Counts of a dataset: rows, those with a label, those of the test split; the newest version's number, or 0."""

    rows: int
    labelled: int
    test_rows: int
    newest_version: int


def of_dataset(store: Store, dataset: str) -> RowCounts:
    """Count what there is."""
    ((rows, labelled, test_rows, newest_version),) = store.rows(
        "select (select count(*) from example where dataset = ?), "
        "(select count(distinct example_id) from label where dataset = ? and value is not null), "
        "(select count(*) from split_assignment where dataset = ? and split = 'test'), "
        "(select coalesce(max(number), 0) from dataset_version where dataset = ?)",
        [dataset] * 4,
    )
    return RowCounts(rows, labelled, test_rows, newest_version)
