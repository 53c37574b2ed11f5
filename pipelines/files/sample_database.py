"""The tables of a sample database, from a SQLite file: its script alone, no row of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from curator.errors import RequestError

_MAGIC = b"SQLite format 3\x00"


def is_sample_database(file: Path) -> bool:
    """Whether a file is a SQLite database."""
    with file.open("rb") as handle:
        return handle.read(len(_MAGIC)) == _MAGIC


def tables_as_script(file: Path) -> str:
    """The statements that made its tables, in order.

    Raises:
        RequestError: The file is damaged, or holds no table.
    """
    wanted = "select sql from sqlite_master where type = 'table' and sql is not null and name not like 'sqlite_%'"
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            found = connection.execute(wanted).fetchall()
    except sqlite3.Error as error:
        msg = f"{file} cannot be read as a SQLite database: {error}"
        raise RequestError(msg) from error
    if not found:
        msg = f"{file} holds no table"
        raise RequestError(msg)
    return ";\n".join(sql for (sql,) in found) + ";\n"
