"""What contestants answered to the test rows of a version, beside the truth."""

import polars as pl

from storage.engine.store import Store


def of_version(store: Store, dataset: str, number: int, contestant: str) -> pl.DataFrame:
    """The newest answer of a contestant to each test row of a version: example_id, answer."""
    return store.frame(
        "select example_id, answer from (select example_id, answer, row_number() over "
        "(partition by example_id order by seq desc) as newest from prediction "
        "where dataset = ? and version = ? and contestant = ?) where newest = 1",
        [dataset, number, contestant],
    )
