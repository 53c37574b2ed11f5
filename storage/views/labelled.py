"""Who has labelled how many rows of a dataset."""

import polars as pl

from storage.engine.store import Store


def by_labeler(store: Store, dataset: str) -> pl.DataFrame:
    """labeler, rows, answers, US dollars (null where none was told), last (when); the busiest first."""
    return store.frame(
        'select labeler, count(distinct example_id) as rows, count(*) as answers, sum(cost_usd) as "US dollars", '
        "max(created_at) as last from label where dataset = ? group by labeler order by rows desc, labeler",
        [dataset],
    )


def rows(store: Store, dataset: str) -> int:
    """Rows of a dataset."""
    ((count,),) = store.rows("select count(*) from example where dataset = ?", [dataset])
    return int(count)
