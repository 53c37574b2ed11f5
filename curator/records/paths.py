"""Columns that are made of others: a key of an object (`data.text`), the texts of several (`instruction+input`)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from curator.records.json_text import json_ready, write_exact


def sources(column: str, columns: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Where the value of a mapped column stands: one path for each column that is joined; none where it is not there.

    A column that is there under just this name is itself. Else `data.text` is a key of an object, `a+b` two texts.

    >>> sources("data.text", ["data"]), sources("a+b", ["a", "b"]), sources("a.b", ["a.b"]), sources("x", ["a"])
    ((('data', 'text'),), (('a',), ('b',)), (('a.b',),), ())
    """
    if column in columns:
        return ((column,),)
    joined = [part.strip() for part in column.split("+")]
    if len(joined) > 1:
        found = [sources(part, columns) for part in joined]
        return tuple(path for paths in found for path in paths) if all(found) else ()
    first, dot, rest = column.partition(".")
    return ((first, *rest.split(".")),) if dot and first in columns else ()


def derived(record: Mapping[str, Any], column: str, paths: Sequence[Sequence[str]]) -> Mapping[str, Any]:
    """The record with a column that is made of others, which it holds no longer."""
    made = dict(record)
    values = [_taken_out(made, path) for path in paths]
    said = [value for value in values if value not in (None, "")]
    texts = [value if isinstance(value, str) else write_exact(json_ready(value)) for value in said]
    whole = "\n".join(texts) if len(paths) > 1 else next(iter(said), None)
    return {**made, column: whole}


def _taken_out(record: dict[str, Any], path: Sequence[str]) -> Any:  # noqa: ANN401 - raw JSON
    """The value at a path, which is removed; the objects around it are copied, and removed where nothing is left."""
    first, *rest = path
    value = record.get(first)
    if not rest:
        record.pop(first, None)
        return value
    if not isinstance(value, Mapping):
        return None
    copy = dict(value)
    found = _taken_out(copy, rest)
    record[first] = copy
    if not copy:
        del record[first]
    return found
