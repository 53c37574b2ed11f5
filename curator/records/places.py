"""In which split a row stands: the one rule for whoever looks at the rows that train, before and after a freeze.

The ledger says so first, since an assignment is for good; else what the data asked for when it came in. A row with
neither trains: where nothing is frozen yet, nobody has held it out, and where a test set is frozen, a row that comes
late goes to train. `curator.release.assign_splits` decides by the same order when it fills the ledger, and there alone
rows are drawn for test, or held out since they belong together with a test row.
"""

import polars as pl

from curator.records.types import EVALUATED


def split_now() -> pl.Expr:
    """The split of a row, or null where neither the ledger nor the data names one.

    The frame has the columns `split` (from the ledger) and `requested_split` (from the data), each train, validation,
    test or null.
    """
    return pl.coalesce("split", "requested_split")


def in_test() -> pl.Expr:
    """Whether a row stands in test; never null. Columns as in `split_now`."""
    return (split_now() == "test").fill_null(False)


def in_train() -> pl.Expr:
    """Whether a row trains, unless a release holds it out: every row that is in neither test nor validation.

    Columns as in `split_now`.
    """
    return ~split_now().is_in(EVALUATED).fill_null(False)
