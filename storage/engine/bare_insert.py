"""What DuckDB alone makes of a frame: the yardstick of `curator bench doors`."""

from pathlib import Path

import duckdb
import polars as pl


def bare_insert(path: Path, rows: pl.DataFrame) -> int:
    """Put the rows into a table of a new file, as they are; returns how many there are."""
    with duckdb.connect(str(path)) as connection:
        connection.register("read", rows.to_arrow())
        connection.execute("create table rows as select * from read")
        ((count,),) = connection.execute("select count(*) from rows").fetchall()
    return int(count)
