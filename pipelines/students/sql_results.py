"""Queries are run on the task's sample database: read only, in memory, with bounded work, and compared by their rows.

The database is a SQLite file, or a script (CREATE TABLE …, INSERT …) that is made in memory for each evaluation.
Nothing outside it can be reached: an authorizer lets a query read and call functions, and nothing else.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from curator.errors import DataError, RequestError
from curator.evaluation import Executed
from curator.records import Task
from pipelines.files.sample_database import is_sample_database

_STEPS: Final = 50_000_000
"""Steps of SQLite's machine that a query may take, some seconds (the same on a busy machine as on an idle one)."""
_MOST_ROWS: Final = 100_000
_TICK: Final = 10_000  # instructions between two looks
_LONGEST: Final = 1_000_000  # bytes of a text or blob
_ALLOWED: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_Rows = list[tuple[Any, ...]]


class QueryError(DataError):
    """A query that gives no rows that could be compared, and why."""


@dataclass(frozen=True, slots=True)
class SampleDatabase:
    """A database that queries may read."""

    connection: sqlite3.Connection
    dialect: str | None

    def close(self) -> None:
        """Let the database go."""
        self.connection.close()


def open_database(task: Task, file: Path | None = None) -> SampleDatabase | None:
    """The sample database of a task of SQL; None where there is none, or no table of it holds a row.

    Without a row in it every query gives nothing, and all would be equal.

    Args:
        task: The task; its `database` may be a script with rows.
        file: A SQLite file, or a script, that is used instead.

    Raises:
        RequestError: The file is no database, holds no row, or the task is not of SQL.
    """
    if file is not None:
        if task.kind != "sql":
            msg = f"--database {file}: task {task.name!r} is of kind {task.kind!r}; queries alone are run"
            raise RequestError(msg)
        return SampleDatabase(_of_file(file), task.dialect)
    if task.kind != "sql" or not task.database:
        return None
    try:
        connection = _of_script(task.database)
    except sqlite3.Error:
        return None  # of another dialect, or no script: the queries are judged by form
    if not _filled(connection):
        connection.close()
        return None
    return SampleDatabase(_guarded(connection), task.dialect)


def _of_file(file: Path) -> sqlite3.Connection:
    if not file.is_file():
        msg = f"--database {file}: no such file; expected a SQLite file or a script of CREATE TABLE and INSERT"
        raise RequestError(msg)
    try:
        if is_sample_database(file):
            connection = sqlite3.connect(
                f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None
            )
        else:
            connection = _of_script(file.read_text(encoding="utf-8"))
        filled = _filled(connection)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        msg = f"--database {file}: neither a SQLite file nor a script that SQLite can run: {error}"
        raise RequestError(msg) from error
    if not filled:
        msg = f"--database {file}: no table holds a row, so that every query would give the same nothing"
        raise RequestError(msg)
    return _guarded(connection)


def _of_script(script: str) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    # The script is the project's own, but no file is any of its business either.
    connection.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_DENY if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH) else 0
    )
    connection.executescript(script)
    return connection


def _filled(connection: sqlite3.Connection) -> bool:
    tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
    return any(connection.execute(f'select 1 from "{_quoted(t)}" limit 1').fetchone() for t in tables)


def _guarded(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    return connection


def _quoted(name: str) -> str:
    return name.replace('"', '""')


def rows_of(database: SampleDatabase, query: str, *, steps: int = _STEPS) -> _Rows:
    """The rows that a query gives.

    Raises:
        QueryError: It is no query, writes, fails, takes too long or gives too much.
    """
    ticks = 0

    def count() -> int:
        nonlocal ticks
        ticks += 1
        return int(ticks * _TICK > steps)

    database.connection.set_progress_handler(count, _TICK)
    try:
        cursor = database.connection.execute(_as_sqlite(query, database.dialect))
        found = cursor.fetchmany(_MOST_ROWS + 1)
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
        if ticks * _TICK > steps:
            msg = f"took over {steps:,} steps of SQLite"
            raise QueryError(msg) from error
        raise QueryError(str(error)) from error
    finally:
        database.connection.set_progress_handler(None, 0)
    if cursor.description is None:
        msg = "it gives no rows"
        raise QueryError(msg)
    if len(found) > _MOST_ROWS:
        msg = f"gave over {_MOST_ROWS:,} rows"
        raise QueryError(msg)
    return found


def _as_sqlite(query: str, dialect: str | None) -> str:
    if dialect in (None, "sqlite"):
        return query
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        return ";".join(sqlglot.transpile(query, read=dialect, write="sqlite"))
    except (SqlglotError, RecursionError) as error:
        msg = f"cannot be read as {dialect}: {' '.join(str(error).split())[:160]}"
        raise QueryError(msg) from error


def same_rows(query: str, one: _Rows, other: _Rows) -> bool:
    """Whether both results are one: in order where the true query orders them, else as a bag of rows.

    Names of columns do not count, their order does. Numbers are equal by value, to nine digits.
    """
    a, b = [tuple(map(_value, row)) for row in one], [tuple(map(_value, row)) for row in other]
    return a == b if _ordered(query) else Counter(a) == Counter(b)


def _value(cell: Any) -> Any:  # noqa: ANN401 - a cell of SQLite
    return float(f"{cell:.9g}") if isinstance(cell, int | float) and abs(cell) < 2**53 else cell


def _ordered(query: str) -> bool:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(query, read="sqlite")
    except (SqlglotError, RecursionError):
        return "order by" in query.lower()
    return isinstance(tree, exp.Query) and tree.args.get("order") is not None


def execute_all(
    database: SampleDatabase, truth: Sequence[str], said: Sequence[str | None], *, steps: int = _STEPS
) -> list[Executed]:
    """Run each answer and its true query; an answer that is none, or cannot be run, is wrong with its reason."""
    return [_executed(database, right, given, steps) for right, given in zip(truth, said, strict=True)]


def _executed(database: SampleDatabase, right: str, given: str | None, steps: int) -> Executed:
    try:
        # A true query that gives nothing tells no query from another: the form decides.
        expected = rows_of(database, right, steps=steps) or None
    except QueryError:
        expected = None
    wrong = None if expected is None else False
    if given is None:
        return Executed(wrong, "no query")
    try:
        found = rows_of(database, given, steps=steps)
    except QueryError as error:
        return Executed(wrong, str(error))
    return Executed(None if expected is None else same_rows(right, expected, found))
