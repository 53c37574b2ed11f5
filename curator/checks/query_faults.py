"""Answers that are no good query: unreadable, none or several, one that writes, names that nothing has."""

from collections import defaultdict
from collections.abc import Sequence

from curator.checks.hygiene import ANSWER, Fault
from curator.records import Task, sql_faults, tables_of

_ADVICE = {
    "sql_unreadable": 'correct it, or name the dialect in the task (dialect = "…")',
    "sql_no_statement": "write the query, or exclude these rows: there is nothing to run",
    "sql_several": "keep the one that answers: what runs the student's query runs one",
    "sql_writes": "exclude these rows, unless the student is to change the database",
    "sql_unknown_table": "correct the name, or the tables that the task gives",
    "sql_unknown_column": "correct the name, or the tables that the task gives",
}
_SAID = {
    "sql_unreadable": "the query cannot be read",
    "sql_no_statement": "the answer is no statement",
    "sql_several": "several statements stand in one answer",
    "sql_writes": "the answer changes the database",
    "sql_unknown_table": "the query names a table that is not there",
    "sql_unknown_column": "the query names a column that is not there",
}


def query_faults(answers: Sequence[str | None], task: Task, notes: list[str]) -> list[Fault]:
    """Find queries that cannot be run, or should not be.

    Args:
        answers: A query for each row, or None.
        task: Its dialect, and the tables where it gives them.
        notes: Gets what was left out, in words.
    """
    tables = tables_of(task.database, task.schema, task.dialect)
    if tables is None and any(answers):
        notes.append("format: the task gives no tables (database = \"schema.sql\", or schema), so names of tables and "
                     "columns were not checked")  # fmt: skip
    rows: dict[str, list[int]] = defaultdict(list)
    first: dict[str, str] = {}
    for row, answer in enumerate(answers):
        for fault in sql_faults(answer, task.dialect, tables) if answer else ():
            if not rows[fault.rule] or rows[fault.rule][-1] != row:
                rows[fault.rule].append(row)
            first.setdefault(fault.rule, fault.detail)
    return [
        Fault(rule, tuple(found), f"{_SAID[rule]}, for example: {first[rule]}", _ADVICE[rule], place=ANSWER)
        for rule, found in rows.items()
    ]
