"""Which rows a reader asks for."""

import polars as pl


def containing(rows: pl.DataFrame, typed: str) -> pl.DataFrame:
    """The rows whose `text` has what was typed, in whatever case; all rows where nothing was."""
    wanted = typed.strip().lower()
    return rows.filter(pl.col("text").str.to_lowercase().str.contains(wanted, literal=True)) if wanted else rows
